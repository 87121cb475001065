// SPDX-License-Identifier: Apache-2.0
//
// All recorder memories of a recording, drained into records of bpf/abi/events.h in order of time.
//
// One cycle: begin() fixes a moment; the kernel's own records of the time until then go through
// on_record(), and meet_threads() says that there are no more of them; write() hands out what the
// programs wrote until the moment of the cycle before: a memory that was handed over meanwhile is
// then known, too. An event's time is never earlier than what was handed out last nor later than
// that moment, whatever the program says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "coroutine/ring/clock.hpp"
#include "coroutine/ring/threads.hpp"

namespace triptych::coroutine::ring {

using Sink = std::function<Result<void>(std::span<const std::byte> record)>;

class Source;

class Drain {
 public:
  Drain();
  Drain(Drain&&) noexcept;
  ~Drain();  // disarms

  // A memory that `process` shares. `from_start`: it was handed over by the program itself, armed
  // and without an event yet; otherwise it is armed here. False when it is known already. What is
  // no recorder's memory is an error.
  Result<bool> add(UniqueFd memory, model::Tid process, bool from_start);

  void begin();
  void on_record(std::span<const std::byte> record) { threads_.on_record(record); }
  void meet_threads() { threads_.advance(newest_.ns); }
  Result<void> write(const Sink& sink);

  // No event is written any more; to be followed by two last cycles and totals().
  void disarm();
  Result<void> write_totals(const Sink& sink);

  // How long the fullest ring can do without us, at the rate of the last cycle.
  [[nodiscard]] std::uint64_t next_sleep_ns() const { return sleep_ns_; }
  [[nodiscard]] bool has_memory(model::Tid process) const;
  [[nodiscard]] std::size_t memories() const { return sources_.size(); }

  // What is remembered of the processes and threads of the recording: those that live.
  [[nodiscard]] const Threads& threads() const { return threads_; }

 private:
  void forget_ended();

  Threads threads_;
  Clock clock_;    // of the time that is handed out
  Anchor newest_;  // the moment of this cycle
  model::TimeNs last_write_ns_;
  std::uint64_t sleep_ns_;
  std::uint32_t next_space_ = 1;
  std::uint32_t next_function_ = 1;
  std::vector<std::unique_ptr<Source>> sources_;
};

}  // namespace triptych::coroutine::ring
