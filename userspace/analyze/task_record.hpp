// SPDX-License-Identifier: Apache-2.0
//
// What the trackers know of one task: the state machine of its time first, because every switch
// touches it, then what the summary will say, then what only the analysis needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyze/interval.hpp"
#include "analyze/summary.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

// Which kinds of event the recording was to have: silence on the others means nothing.
struct Recorded {
  bool summaries = false;  // instead of switches, wakeups and faults
  bool switches = true;
  bool wakeups = true;
  bool faults = true;
};

enum class RunState : std::uint8_t {
  kUnknown,
  kOnCpu,
  kRunnable,  // preempted, or yielded
  kBlocked,   // since `since_ns`; from `woken_ns` on it waits for a CPU
  kNew,       // as kBlocked, but it has not run yet
  kDead,
};

// Time blocked in one system call. The key is its number; the 32-bit table's have kCompatKey added.
struct BlockedTime {
  static constexpr std::int32_t kCompatKey = 1 << 16;
  static constexpr std::int32_t kCreationKey = -2;  // between its creation and its first wakeup
  static constexpr std::int32_t kOtherKey = -3;     // more different ones than anybody keeps
  std::int32_t key = 0;
  std::uint64_t time_ns = 0;
};

// What a task is known to do since some moment.
struct OpenSpan {
  RunState state = RunState::kUnknown;
  std::uint16_t cpu = 0;  // that it last ran on
  std::int32_t blocked_key = 0;
  Stacks stacks;  // kBlocked: where
  model::TimeNs since_ns = 0;
  model::TimeNs woken_ns = 0;        // 0: not woken
  Preemption* preemption = nullptr;  // into Task::preempted_by; whom the waiting is charged to
  Runnable runnable;                 // kRunnable: why it is; else since woken_ns
  WakerChain wakers;                 // of its last wakeup, if it was told
  UnknownCause cause = UnknownCause::kBeforeFirstEvent;  // of kUnknown
};

struct TaskRecord {
  // The span is counted only when the task's next switch proves that nothing was missed: `seq` is
  // the kernel's own number of switches (mod 2^16) after the last one recorded.
  OpenSpan span;
  bool target = false;  // recorded, not just met
  bool seq_known = false;
  bool woken_in_sequence = false;  // `seq` was known when it was woken
  bool whole_slice = false;        // on a CPU since it was seen coming in
  bool whole_wait = false;         // runnable since it was seen getting so
  bool has_run = false;            // a switch in or out was recorded
  bool gap = false;                // a switch of this task is missing
  bool doubt_at_end = false;       // a loss after its last switch may concern it
  bool owes_last_switch = false;   // TASK_END came before the switch that it was written in
  std::uint16_t seq = 0;
  std::uint16_t ran_cpu = 0;
  // An event of its own says that it runs, on ran_cpu, and the span does not. 0: none does.
  model::TimeNs ran_ns = 0;
  // The scheduler's account that stands just before a switch, at the same time.
  std::optional<model::Arrival> arrival;
  model::TimeNs arrival_told_ns = 0;

  // For the switch at this time, and no other.
  [[nodiscard]] const model::Arrival* arrival_at(model::TimeNs ts_ns) const {
    return arrival && arrival_told_ns == ts_ns ? &*arrival : nullptr;
  }

  Task task;
  std::vector<BlockedTime> blocked;

  bool beginning_known = false;  // TASK_NEW or TASK_SEEN was there
  bool born = false;             // TASK_NEW: all of its counters began at zero
  bool kthread = false;
  bool buried = false;           // its end has been told to those who count the living
  bool creation_told = false;    // as an Interval
  std::uint32_t process = ~0u;   // position in TaskTable's processes
  std::uint32_t fork = ~0u;      // position in ForkTracker's forks: the one that made it
  Stacks creation;               // where its creator made it
  std::string previous_comm;     // before the last rename
  model::MmId mm{};              // that it uses; kNoMm: none known
  model::TimeNs mm_seen_ns = 0;  // last time that its use was seen

  std::optional<model::Counters> baseline_switches, baseline_faults;
  std::uint64_t prelude_faults = 0;
  std::optional<model::TaskEnd> end;
  std::optional<model::TaskSummary> summary;
};

}  // namespace triptych::analyze
