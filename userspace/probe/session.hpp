// SPDX-License-Identifier: Apache-2.0
//
// One set of attached BPF programs: load, choose the target, open the gate, drain the rings, close
// the gate, read the counters. The only folder that knows libbpf. Needs root.
//
// Order of calls: open → (track_*) → open_gate → drain … → close_gate → drain → counters.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "model/metadata.hpp"
#include "probe/attach_plan.hpp"
#include "probe/coroutine_programs.hpp"
#include "probe/preparation.hpp"

namespace triptych::probe {

class Session {
 public:
  struct Options {
    AttachPlan plan;
    bool summary_only = false;
    bool whole_machine = false;
    std::uint64_t sample_period_ns = 0;  // of samples, when the plan has them
    bool coroutines_from_start = false;  // the probes are there before the target is
  };

  // Loads and attaches. Nothing is recorded until the gate opens.
  static Result<Session> open(const Options& options, Preparation preparation);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();  // detaches

  // The child `tid`, which sleeps and will call exec: recorded from that exec on, with all that it
  // starts. Also opens the counting event on it.
  Result<void> track_launched(pid_t tid);

  // A running process (tgid in the initial namespace): all its threads and what they start from
  // now.
  Result<void> track_process(pid_t tgid);

  // Every task but those of process `except_tgid`. Session::Options::whole_machine must be set.
  Result<void> track_machine(pid_t except_tgid);

  // The programs in the targets' own code: theirs is to say where.
  CoroutinePrograms& coroutines();

  // Returns the moment from which on events were recorded.
  Result<std::uint64_t> open_gate();

  // Returns the moment at which recording ended. Targets that are in their exit then are recorded
  // to their last switch, for a second at most, which calls `meanwhile` every few milliseconds, to
  // drain: so events may carry slightly later times. Drain once more afterwards.
  Result<std::uint64_t> close_gate(const std::function<void()>& meanwhile);

  // Hands every record that waits in the rings, in each ring's order, to `sink(ring, record)`.
  // Looks at each ring at most once and takes at most what was there. The record is valid during
  // the call only. A sink's error stops the draining and is returned; the record counts as taken.
  using Sink = std::function<Result<void>(std::uint32_t ring, std::span<const std::byte> record)>;
  Result<void> drain(const Sink& sink);

  // Summary mode: makes every live task's summary appear in the rings.
  Result<void> snapshot();

  [[nodiscard]] std::uint32_t rings() const;

  // Of a recording of the whole machine: this kernel does not show process 1 to BPF programs.
  [[nodiscard]] bool first_process_hidden() const;

  // Recorded tasks that had not made their last switch when the gate was closed.
  [[nodiscard]] std::uint64_t tasks_alive() const;
  [[nodiscard]] model::ProbeCounters counters() const;
  [[nodiscard]] model::CountedFaults counted_faults() const;

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace triptych::probe
