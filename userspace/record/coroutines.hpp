// SPDX-License-Identifier: Apache-2.0
//
// The coroutines of a recording: who hands his memory over, whose is looked for, and the stream of
// the trace that their events go into.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "coroutine/ring/drain.hpp"
#include "coroutine/ring/inbox.hpp"
#include "model/metadata.hpp"
#include "record/console.hpp"
#include "record/options.hpp"
#include "trace/writer.hpp"

namespace triptych::record {

class Coroutines {
 public:
  // Nothing is recorded with --coroutines off, and of --summary-only, which keeps no events.
  static Result<Coroutines> prepare(const Options& options);

  [[nodiscard]] bool recorded() const { return inbox_.has_value(); }
  [[nodiscard]] bool met() const { return met_; }  // a program that links the recorder
  // It was asked for by name, and there was none.
  [[nodiscard]] bool silent() const { return by_name_ && !met_; }
  // For the command's environment; empty: nothing.
  [[nodiscard]] std::string environment() const;
  [[nodiscard]] model::PlannedEvent plan() const;

  // From here on events go to this stream. Programs that run already are armed.
  void start(const model::Target& target, std::uint32_t stream, Console& console);

  // One drain: begin, then the kernel's own records, then write.
  void begin();
  void on_record(std::span<const std::byte> record);
  Result<void> write(trace::Writer& writer);

  // The programs write no more.
  void disarm();
  // After the last write.
  Result<void> finish(trace::Writer& writer);

  [[nodiscard]] int inbox_fd() const { return inbox_ ? inbox_->fd() : -1; }
  // Until the rings want to be looked at again.
  [[nodiscard]] std::uint64_t next_sleep_ns() const;

 private:
  struct Pending {
    coroutine::ring::Inbox::Letter letter;
    std::uint64_t since_ns = 0;
  };
  // Anybody can find the socket's name and write to it: only a recorded process is listened to,
  // once the kernel's records have told of it.
  void admit_known();
  void add(UniqueFd memory, model::Tid process, bool from_start);
  void look_for_memories();

  std::uint64_t ring_bytes_ = 0;
  std::optional<coroutine::ring::Inbox> inbox_;
  std::optional<coroutine::ring::Drain> drain_;
  std::vector<Pending> pending_;
  model::Target target_;
  std::uint32_t stream_ = 0;
  std::uint64_t next_look_ns_ = 0;
  bool met_ = false;
  bool probes_besides_ = false;  // others are looked for, to be probed
  bool by_name_ = false;
  Console* console_ = nullptr;
  std::set<std::string> told_;  // troubles, each once
};

}  // namespace triptych::record
