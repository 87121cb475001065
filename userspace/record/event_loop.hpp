// SPDX-License-Identifier: Apache-2.0
//
// From the opened gate until there is a reason to stop: rings into the file, signals to the
// command, progress to the terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "launch/signals.hpp"
#include "probe/session.hpp"
#include "record/code_maps.hpp"
#include "record/console.hpp"
#include "record/coroutine_probes.hpp"
#include "record/coroutines.hpp"
#include "record/drain_pacer.hpp"
#include "record/options.hpp"
#include "record/target.hpp"
#include "symbol/capture/kernel_stacks.hpp"
#include "trace/writer.hpp"

namespace triptych::record {

enum class Stop { kTargetEnded, kDuration, kInterrupted, kFailed };

// Someone who interrupts a command wants it to end, and its end in the recording. It has this long
// before the recording ends without it; a second interruption ends the recording at once.
inline constexpr std::uint64_t kInterruptGraceNs = 3'000'000'000;

class EventLoop {
 public:
  struct Parts {
    const Options& options;
    probe::Session& session;
    trace::Writer& writer;
    Target& target;
    launch::Signals& signals;
    Console& console;
    Coroutines& coroutines;
    CoroutineProbes& coroutine_probes;
    CodeMaps& code_maps;
  };
  EventLoop(const Parts& parts, std::uint64_t start_ns);

  // kFailed: `error()` says why; what remains in the rings is lost.
  Stop run();

  // Takes what is in the rings after run().
  void drain_rest();

  // After the recording: waits for a command that still runs, passing signals on. Its wait status,
  // or none when it was left running.
  std::optional<int> wait_for_command();

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }  // drained after a failure
  [[nodiscard]] int last_signal() const { return last_signal_; }    // 0: none came

 private:
  bool drain();  // false: error_ is set
  Result<void> write(std::uint32_t ring, std::span<const std::byte> record);
  void sleep(std::uint64_t until_ns);
  bool read_signals();  // true when one came
  [[nodiscard]] bool target_ended() const;
  void show_progress(std::uint64_t now_ns);

  Parts parts_;
  std::uint64_t start_ns_;
  std::uint64_t last_drain_ns_;
  std::uint64_t next_snapshot_ns_;
  DrainPacer pacer_;
  symbol::capture::KernelStacks kernel_stacks_;
  std::optional<Error> error_;
  std::uint64_t dropped_ = 0;
  int signals_seen_ = 0;
  int last_signal_ = 0;
};

}  // namespace triptych::record
