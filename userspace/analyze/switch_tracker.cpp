// SPDX-License-Identifier: Apache-2.0
#include "analyze/switch_tracker.hpp"

#include <algorithm>

#include "analyze/syscall_names.hpp"

namespace triptych::analyze {
namespace {

constexpr std::uint16_t kTaskDead = 0x80;
constexpr std::size_t kMaxBlockedKeys = 1024;
constexpr std::size_t kMaxPreemptors = 256;
constexpr std::size_t kMaxDoubtful = 1u << 16;

// A task that is preempted on its way into a sleep carries the state of that sleep, and stays
// runnable all the same.
bool stays_runnable(const model::Switch& change) {
  return change.prev_state == 0 || change.preempt || change.involuntary;
}

bool is_yield(const model::Switch& change) {
  return change.syscall == kSyscallSchedYield && !change.compat && !change.preempt;
}

std::uint16_t sequence_of(const model::Counters& counters) {
  return static_cast<std::uint16_t>(counters.nvcsw + counters.nivcsw);
}

std::uint16_t next_of(std::uint16_t sequence) {
  return static_cast<std::uint16_t>(sequence + 1);
}

}  // namespace

SwitchTracker::Cpu& SwitchTracker::cpu_at(std::uint16_t cpu, model::TimeNs ts_ns) {
  if (cpu >= cpus_.size()) cpus_.resize(cpu + std::size_t{1});
  cpus_[cpu].last_ns = ts_ns;
  return cpus_[cpu];
}

std::vector<model::TimeNs> SwitchTracker::cpu_last_ns(std::size_t at_least) const {
  std::vector<model::TimeNs> last;
  for (const Cpu& cpu : cpus_) last.push_back(cpu.last_ns);
  last.resize(std::max(last.size(), at_least));
  return last;
}

TaskRecord* SwitchTracker::subject(model::TaskId id, model::TimeNs ts_ns, bool target) {
  TaskRecord* record = tasks_.find(id);
  if (record != nullptr && record->target) return record;
  if (!target || window_.closed()) return nullptr;
  return tasks_.meet(id, ts_ns, true);
}

void SwitchTracker::on_switch(const model::Event& event, const model::Switch& change) {
  TaskRecord* prev = subject(event.task, event.ts_ns, change.prev_target);
  TaskRecord* next = subject(change.next, event.ts_ns, change.next_target);
  Cpu& cpu = cpu_at(event.cpu, event.ts_ns);
  if (!switches_recorded_) {
    if (prev == nullptr || (change.prev_state & kTaskDead) == 0) return;
    if (prev->span.state == RunState::kDead) return;
    settle(*prev, prev->span, event.ts_ns);
    return die(*prev, event.ts_ns);
  }
  if (cpu.current != nullptr && cpu.current != prev &&
      cpu.current->span.state == RunState::kOnCpu && cpu.current->span.cpu == event.cpu) {
    displaced(*cpu.current);
  }
  if (prev != nullptr) leave(*prev, event, change);
  if (next != nullptr) enter(*next, event, change);
  cpu.current = next;
}

// Somebody else left this CPU, so this task's own leaving was missed, once at least.
void SwitchTracker::displaced(TaskRecord& record) {
  quality_.add(model::Quality::state_conflicts);
  const model::TimeNs doubt = first_doubt(record.span).value_or(record.span.since_ns);
  settle(record, record.span, doubt);
  record.span.state = RunState::kUnknown;
  record.span.since_ns = doubt;
  record.span.woken_ns = 0;
  record.gap = true;
  record.seq = next_of(record.seq);
}

void SwitchTracker::leave(TaskRecord& record, const model::Event& event,
                          const model::Switch& change) {
  if (record.span.state == RunState::kDead) {
    if (record.owes_last_switch && (change.prev_state & kTaskDead) != 0) {
      record.owes_last_switch = false;
      count_out(record, change);
    } else {
      quality_.add(model::Quality::state_conflicts);
    }
    return;
  }
  const bool follows = !record.seq_known || change.prev_seq == next_of(record.seq);
  const bool ran_here = record.span.state == RunState::kOnCpu && record.span.cpu == event.cpu;
  if (!follows) sequence_gap(record);
  if (follows && ran_here && (record.seq_known || !first_doubt(record.span))) {
    end_slice(record, event.ts_ns);
  } else {
    if (follows) conflict(record);
    settle_in_doubt(record, event.ts_ns);
  }
  if (record.has_run && record.span.cpu != event.cpu && window_.counting())
    ++record.task.migrations;
  record.has_run = true;
  record.span.cpu = event.cpu;
  record.seq = change.prev_seq;
  record.seq_known = true;
  record.span.since_ns = event.ts_ns;
  record.span.woken_ns = 0;
  count_out(record, change);
  if ((change.prev_state & kTaskDead) != 0) {
    die(record, event.ts_ns);
  } else if (stays_runnable(change)) {
    record.span.state = RunState::kRunnable;
  } else {
    record.span.state = RunState::kBlocked;
    record.span.blocked_key = change.syscall;
    if (change.compat && change.syscall >= 0) record.span.blocked_key += BlockedTime::kCompatKey;
  }
}

void SwitchTracker::count_out(TaskRecord& record, const model::Switch& change) {
  record.span.preemption = nullptr;
  if (!window_.counting()) return;
  SwitchCounts& counts = record.task.switches;
  if (change.mm_change) ++counts.mm_changes;
  if (change.voluntary) ++counts.voluntary;
  if (!change.involuntary) return;
  ++counts.involuntary;
  if (is_yield(change)) {
    ++counts.yields;
    return;
  }
  std::map<model::TaskId, Preemption>& by = record.task.preempted_by;
  const bool full = by.size() >= kMaxPreemptors && by.find(change.next) == by.end();
  record.span.preemption = &by[full ? model::kNoTask : change.next];
  ++record.span.preemption->count;
}

void SwitchTracker::enter(TaskRecord& record, const model::Event& event,
                          const model::Switch& change) {
  if (record.span.state == RunState::kDead) {
    quality_.add(model::Quality::state_conflicts);
    return;
  }
  const model::TimeNs ts = event.ts_ns;
  const bool follows = !record.seq_known || change.next_seq == record.seq;
  const bool woken = record.span.woken_ns != 0;
  const bool waited =
      record.span.state == RunState::kRunnable ||
      (record.span.state == RunState::kUnknown && woken && record.woken_in_sequence) ||
      ((record.span.state == RunState::kBlocked || record.span.state == RunState::kNew) && woken);
  if (!follows) sequence_gap(record);
  if (follows && waited) {
    const model::TimeNs queued = woken ? record.span.woken_ns : record.span.since_ns;
    const bool was_unknown = record.span.state == RunState::kUnknown;
    settle(record, record.span, was_unknown ? queued : ts);
    if (was_unknown) record.task.runnable_ns += window_.inside(queued, ts);
    if (window_.counting()) record.task.run_queue_latency.add(ts - queued);
  } else {
    if (follows) conflict(record);
    settle_in_doubt(record, ts);
  }
  if (record.has_run && record.span.cpu != event.cpu && window_.counting())
    ++record.task.migrations;
  record.has_run = true;
  record.span.cpu = event.cpu;
  record.seq = change.next_seq;
  record.seq_known = true;
  record.span.since_ns = ts;
  record.span.woken_ns = 0;
  record.span.state = RunState::kOnCpu;
  record.whole_slice = true;
}

void SwitchTracker::end_slice(TaskRecord& record, model::TimeNs ts_ns) {
  settle(record, record.span, ts_ns);
  if (record.whole_slice && window_.counting()) {
    record.task.slice_length.add(ts_ns - record.span.since_ns);
  }
}

void SwitchTracker::on_wakeup(const model::Event& event, const model::Wakeup& wakeup) {
  cpu_at(event.cpu, event.ts_ns);
  TaskRecord* record = tasks_.find(event.task);
  if (record == nullptr && !window_.closed()) record = tasks_.meet(event.task, event.ts_ns, false);
  if (record == nullptr || record->task.stranger) return;
  if (window_.counting()) {
    ++record->task.wakeups;
    if (wakeup.interrupt) ++record->task.wakeups_by_interrupt;
  }
  switch (record->span.state) {
    case RunState::kBlocked:
    case RunState::kNew:
    case RunState::kUnknown:
      if (record->span.woken_ns == 0) {
        record->span.woken_ns = event.ts_ns;
        record->woken_in_sequence = record->seq_known;
      } else {
        quality_.add(model::Quality::state_conflicts);
      }
      break;
    case RunState::kOnCpu:     // it was about to block
    case RunState::kRunnable:  // preempted on its way into a sleep
      break;
    case RunState::kDead:
      quality_.add(model::Quality::state_conflicts);
      break;
  }
}

void SwitchTracker::on_birth(TaskRecord& record) {
  if (!switches_recorded_) return;
  record.span.state = RunState::kNew;
  record.span.blocked_key = BlockedTime::kCreationKey;
  record.seq = 0;
  record.seq_known = true;
}

void SwitchTracker::on_baseline(TaskRecord& record, const model::Counters& counters) {
  if (record.seq_known) return;
  record.seq = sequence_of(counters);
  record.seq_known = true;
}

void SwitchTracker::on_running(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu) {
  Cpu& here = cpu_at(cpu, ts_ns);
  if (!switches_recorded_ || record.span.state == RunState::kDead) return;
  if (record.span.state == RunState::kOnCpu && record.span.cpu == cpu) return;
  if (here.current != nullptr && here.current != &record &&
      here.current->span.state == RunState::kOnCpu && here.current->span.cpu == cpu) {
    displaced(*here.current);
  }
  conflict(record);
  settle_in_doubt(record, ts_ns);
  record.span.state = RunState::kOnCpu;
  record.whole_slice = false;
  record.span.since_ns = ts_ns;
  record.span.woken_ns = 0;
  record.span.cpu = cpu;
  here.current = &record;
}

void SwitchTracker::on_launch(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu) {
  on_running(record, ts_ns, cpu);
  record.whole_slice = true;
}

void SwitchTracker::die(TaskRecord& record, model::TimeNs ts_ns) {
  record.span.state = RunState::kDead;
  record.span.since_ns = ts_ns;
  if (!window_.closed()) record.task.end_ns = ts_ns;
}

void SwitchTracker::on_end(TaskRecord& record, model::TimeNs ts_ns, const model::TaskEnd& end) {
  if (record.span.state == RunState::kDead) return;
  if (!switches_recorded_) return on_gone(record, ts_ns);
  const std::uint16_t sequence = sequence_of(end.counters);
  const bool follows = record.seq_known && sequence == next_of(record.seq);
  if (record.seq_known && !follows) sequence_gap(record);
  if (follows && record.span.state == RunState::kOnCpu) {
    end_slice(record, ts_ns);
  } else {
    settle_in_doubt(record, ts_ns);
  }
  record.seq = sequence;
  record.seq_known = true;
  record.owes_last_switch = true;
  die(record, ts_ns);
}

void SwitchTracker::on_gone(TaskRecord& record, model::TimeNs ts_ns) {
  if (record.span.state == RunState::kDead) return;
  settle_in_doubt(record, ts_ns);
  die(record, ts_ns);
}

// An event shows that the open span did not go on as it was known to.
void SwitchTracker::conflict(const TaskRecord& record) {
  if (record.span.state == RunState::kUnknown) return;
  const bool waits = record.span.state == RunState::kBlocked || record.span.state == RunState::kNew;
  if (waits && !wakeups_recorded_) return;  // when it was woken is not known, that is all
  quality_.add(model::Quality::state_conflicts);
}

void SwitchTracker::sequence_gap(TaskRecord& record) {
  quality_.add(model::Quality::sequence_gaps);
  record.gap = true;
}

std::optional<model::TimeNs> SwitchTracker::first_doubt(const OpenSpan& span) const {
  switch (span.state) {
    case RunState::kOnCpu:
      return losses_.first_on(span.cpu, model::LossClass::kSwitch, span.since_ns);
    case RunState::kRunnable:
      return losses_.first(model::LossClass::kSwitch, span.since_ns);
    case RunState::kBlocked:
    case RunState::kNew: {
      // It may have been woken before, have run and have blocked again.
      const auto wakeup = losses_.first(model::LossClass::kWakeup, span.since_ns);
      if (span.woken_ns == 0) return wakeup;
      const auto change = losses_.first(model::LossClass::kSwitch, span.woken_ns);
      return wakeup && change ? std::min(wakeup, change) : wakeup ? wakeup : change;
    }
    case RunState::kUnknown:
    case RunState::kDead:
      return std::nullopt;
  }
  return std::nullopt;
}

void SwitchTracker::settle(TaskRecord& record, const OpenSpan& span, model::TimeNs until_ns) {
  Task& task = record.task;
  switch (span.state) {
    case RunState::kOnCpu:
      task.on_cpu_ns += window_.inside(span.since_ns, until_ns);
      break;
    case RunState::kRunnable: {
      const std::uint64_t waited = window_.inside(span.since_ns, until_ns);
      task.runnable_ns += waited;
      if (span.preemption != nullptr) span.preemption->waited_ns += waited;
      break;
    }
    case RunState::kBlocked:
    case RunState::kNew: {
      const model::TimeNs woken = span.woken_ns == 0 ? until_ns : std::min(span.woken_ns, until_ns);
      add_blocked(record, span.blocked_key, window_.inside(span.since_ns, woken));
      task.runnable_ns += window_.inside(woken, until_ns);
      break;
    }
    case RunState::kUnknown:
      task.unknown_ns += window_.inside(span.since_ns, until_ns);
      break;
    case RunState::kDead:
      break;
  }
}

void SwitchTracker::settle_in_doubt(TaskRecord& record, model::TimeNs until_ns) {
  // On its CPU, what was lost has been told by now; other CPUs may tell of their losses much later.
  const bool told =
      record.span.state == RunState::kOnCpu || record.span.state == RunState::kUnknown;
  if (told) {
    settle_doubtful({&record, record.span, until_ns});
  } else if (doubtful_.size() < kMaxDoubtful) {
    doubtful_.push_back({&record, record.span, until_ns});
  } else {
    record.task.unknown_ns += window_.inside(record.span.since_ns, until_ns);
  }
}

void SwitchTracker::settle_doubtful(const DoubtfulSpan& doubtful) {
  const OpenSpan& span = doubtful.span;
  std::optional<model::TimeNs> doubt = first_doubt(span);
  if (!doubt || *doubt > doubtful.until_ns) doubt = span.since_ns;  // no loss explains it
  settle(*doubtful.record, span, *doubt);
  doubtful.record->task.unknown_ns += window_.inside(*doubt, doubtful.until_ns);
}

void SwitchTracker::add_blocked(TaskRecord& record, std::int32_t key, std::uint64_t time_ns) {
  if (time_ns == 0) return;
  record.task.blocked_ns += time_ns;
  for (BlockedTime& entry : record.blocked) {
    if (entry.key != key) continue;
    entry.time_ns += time_ns;
    return;
  }
  if (record.blocked.size() >= kMaxBlockedKeys) {
    record.blocked.back().key = BlockedTime::kOtherKey;
    record.blocked.back().time_ns += time_ns;
    return;
  }
  record.blocked.push_back(BlockedTime{key, time_ns});
}

void SwitchTracker::finish(model::TimeNs end_ns) {
  for (const DoubtfulSpan& doubtful : doubtful_) settle_doubtful(doubtful);
  for (const auto& entry : tasks_.records()) {
    TaskRecord& record = *entry;
    if (!record.target || record.span.state == RunState::kDead) continue;
    const model::TimeNs until = std::max(end_ns, record.span.since_ns);
    const std::optional<model::TimeNs> doubt = first_doubt(record.span);
    record.doubt_at_end = doubt && *doubt < until;
    if (record.doubt_at_end) {
      settle_doubtful({&record, record.span, until});
    } else {
      settle(record, record.span, until);
    }
  }
}

}  // namespace triptych::analyze
