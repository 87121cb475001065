// SPDX-License-Identifier: Apache-2.0
#include "analyze/switch_tracker.hpp"

#include <algorithm>
#include <utility>

#include "analyze/syscall_names.hpp"

namespace triptych::analyze {
namespace {

constexpr std::size_t kMaxPreemptors = 256;

bool is_yield(const model::Switch& change) {
  return change.syscall == kSyscallSchedYield && !change.compat && !change.preempt;
}

Runnable why_runnable(const model::Switch& change) {
  if (!change.involuntary) return {};
  return {
      is_yield(change) ? RunnableWhy::kYielded : RunnableWhy::kPreempted, false, change.next, {}};
}

std::int32_t blocked_key(std::int16_t syscall, bool compat) {
  return compat && syscall >= 0 ? syscall + BlockedTime::kCompatKey : syscall;
}

std::uint16_t sequence_of(const model::Counters& counters) {
  return static_cast<std::uint16_t>(counters.nvcsw + counters.nivcsw);
}

std::uint16_t next_of(std::uint16_t sequence) {
  return static_cast<std::uint16_t>(sequence + 1);
}

bool waits_for_wakeup(const OpenSpan& span) {
  return span.state == RunState::kBlocked || span.state == RunState::kNew;
}

// By its span, or because it said so itself.
bool runs_on(const TaskRecord& record, std::uint16_t cpu) {
  if (record.ran_ns != 0) return record.ran_cpu == cpu;
  return record.span.state == RunState::kOnCpu && record.span.cpu == cpu;
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
    if (prev == nullptr || !change.is_last()) return;
    if (prev->span.state == RunState::kDead) return;
    spans_.settle(*prev, prev->span, event.ts_ns);
    return die(*prev, event.ts_ns);
  }
  if (cpu.current != nullptr && cpu.current != prev && runs_on(*cpu.current, event.cpu)) {
    displaced(*cpu.current);
  }
  if (prev != nullptr) leave(*prev, event, change);
  if (next != nullptr) enter(*next, event, change);
  cpu.current = next;
}

// Somebody else left this CPU, so this task's own leaving was missed, once at least.
void SwitchTracker::displaced(TaskRecord& record) {
  admit_running(record);
  quality_.add(model::Quality::state_conflicts);
  const std::optional<model::TimeNs> told = spans_.first_doubt(record.span);
  const model::TimeNs doubt = told.value_or(record.span.since_ns);
  spans_.settle(record, record.span, doubt);
  record.span.state = RunState::kUnknown;
  record.span.cause = told ? UnknownCause::kLoss : UnknownCause::kUnexplained;
  record.span.since_ns = doubt;
  record.span.woken_ns = 0;
  record.span.wakers = {};
  record.gap = true;
  record.seq = next_of(record.seq);
}

void SwitchTracker::leave(TaskRecord& record, const model::Event& event,
                          const model::Switch& change) {
  if (record.span.state == RunState::kDead) {
    if (record.owes_last_switch && change.is_last()) {
      record.owes_last_switch = false;
      count_out(record, change);
    } else {
      quality_.add(model::Quality::state_conflicts);
    }
    return;
  }
  const bool follows = !record.seq_known || change.prev_seq == next_of(record.seq);
  if (!follows) sequence_gap(record);
  const bool accounted = enter_by_account(record, event, follows);
  if (!accounted) admit_running(record);
  const bool ran_here = record.span.state == RunState::kOnCpu && record.span.cpu == event.cpu;
  const bool proven =
      accounted || (follows && (record.seq_known || !spans_.first_doubt(record.span)));
  if (ran_here && proven) {
    end_slice(record, event.ts_ns);
  } else {
    if (follows) conflict(record);
    spans_.settle_in_doubt(record, event.ts_ns);
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
  if (change.is_last()) {
    die(record, event.ts_ns);
  } else if (change.stays_runnable()) {
    record.span.state = RunState::kRunnable;
    record.whole_wait = true;
  } else {
    record.span.state = RunState::kBlocked;
    record.span.blocked_key = blocked_key(change.syscall, change.compat);
    record.span.stacks = stacks_.of(event, model::StackWhat::kSwitch);
  }
}

void SwitchTracker::count_out(TaskRecord& record, const model::Switch& change) {
  record.span.preemption = nullptr;
  record.span.runnable = why_runnable(change);
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
  admit_running(record);
  if (follows) wake_by_account(record, ts);
  const bool woken = record.span.woken_ns != 0;
  const bool waited =
      record.span.state == RunState::kRunnable ||
      (record.span.state == RunState::kUnknown && woken && record.woken_in_sequence) ||
      (waits_for_wakeup(record.span) && woken);
  if (!follows) sequence_gap(record);
  if (follows && waited && (record.seq_known || !spans_.first_doubt(record.span))) {
    const model::TimeNs queued = woken ? record.span.woken_ns : record.span.since_ns;
    const bool was_unknown = record.span.state == RunState::kUnknown;
    spans_.settle(record, record.span, was_unknown ? queued : ts);
    if (was_unknown) spans_.wait(record, record.span.runnable, queued, ts);
    if (woken || record.whole_wait) add_wait(record, ts - queued, record.arrival_at(ts) != nullptr);
  } else {
    if (follows) conflict(record);
    spans_.settle_in_doubt(record, ts);
  }
  begin_slice(record, ts, event.cpu);
  record.seq = change.next_seq;
  record.seq_known = true;
}

// The run queue's clock stands still from an enqueueing that calls for a switch to that switch: by
// the scheduler's account a wait of nothing is one that was not measured.
void SwitchTracker::add_wait(TaskRecord& record, std::uint64_t waited_ns, bool by_account) {
  if (!window_.counting() || (by_account && waited_ns == 0)) return;
  record.task.run_queue_latency.add(waited_ns);
}

void SwitchTracker::begin_slice(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu) {
  if (record.has_run && record.span.cpu != cpu && window_.counting()) ++record.task.migrations;
  record.has_run = true;
  record.span.cpu = cpu;
  record.span.since_ns = ts_ns;
  record.span.woken_ns = 0;
  record.span.state = RunState::kOnCpu;
  record.whole_slice = true;
  record.ran_ns = 0;
}

// The switch that comes next proves by its sequence that nothing else is missing: it is looked at
// then.
void SwitchTracker::on_arrival(const model::Event& event, const model::Arrival& arrival) {
  TaskRecord* record = subject(event.task, event.ts_ns, true);
  if (record == nullptr || !switches_recorded_) return;
  // What an attached task did before its first switch was told by nobody, and is no surprise.
  if (record->span.state != RunState::kUnknown) quality_.add(model::Quality::untold_arrivals);
  record->arrival = arrival;
  record->arrival_told_ns = event.ts_ns;
  record->arrival->arrived_ns = std::min(arrival.arrived_ns, event.ts_ns);
  record->arrival->queued_ns = std::min(arrival.queued_ns, record->arrival->arrived_ns);
}

void SwitchTracker::wake_by_account(TaskRecord& record, model::TimeNs ts_ns) {
  const model::Arrival* arrival = record.arrival_at(ts_ns);
  OpenSpan& span = record.span;
  if (arrival == nullptr || arrival->queued_ns == 0 || span.woken_ns != 0) return;
  const model::TimeNs queued = std::clamp(arrival->queued_ns, span.since_ns, ts_ns);
  if (span.state == RunState::kUnknown) span.runnable = {};
  if (waits_for_wakeup(span)) {
    span.runnable = {RunnableWhy::kWoken, false, model::kNoTask, {}};
    span.wakers = {};
    if (window_.counting()) ++record.task.wakeups;
    span.woken_ns = queued;
  } else if (span.state == RunState::kUnknown && arrival->queued_ns >= span.since_ns) {
    span.woken_ns = queued;
    record.woken_in_sequence = true;
  } else if (span.state == RunState::kUnknown) {
    span.state = RunState::kRunnable;
    record.whole_wait = false;
  }
}

bool SwitchTracker::enter_by_account(TaskRecord& record, const model::Event& event, bool follows) {
  const model::Arrival* arrival = record.arrival_at(event.ts_ns);
  OpenSpan& span = record.span;
  const bool unknown = span.state == RunState::kUnknown;
  if (arrival == nullptr || span.state == RunState::kOnCpu) return false;
  const bool whole = arrival->arrived_ns >= span.since_ns;
  if (!whole && !unknown) return false;
  const bool queue_known = arrival->queued_ns != 0;
  const model::TimeNs arrived = std::max(arrival->arrived_ns, span.since_ns);
  const model::TimeNs queued = queue_known ? std::max(arrival->queued_ns, span.since_ns) : arrived;
  const bool proven = follows && !unknown && (record.seq_known || !spans_.first_doubt(span));
  if (proven && waits_for_wakeup(span) && span.woken_ns == 0 && queue_known) {
    if (window_.counting()) ++record.task.wakeups;
    span.runnable = {RunnableWhy::kWoken, false, model::kNoTask, {}};
    span.wakers = {};
    span.woken_ns = queued;
  }
  const bool woken = span.woken_ns != 0;
  if (proven && (woken || span.state == RunState::kRunnable)) {
    spans_.settle(record, span, arrived);
    const model::TimeNs since = woken ? span.woken_ns : span.since_ns;
    if (woken || record.whole_wait) add_wait(record, arrived - since, true);
  } else {
    spans_.settle_in_doubt(record, queued);
    spans_.wait(record, Runnable{}, queued, arrived);
  }
  begin_slice(record, arrived, event.cpu);
  record.whole_slice = whole;
  return true;
}

void SwitchTracker::admit_running(TaskRecord& record) {
  if (record.ran_ns == 0) return;
  const model::TimeNs ran_ns = std::exchange(record.ran_ns, 0);
  conflict(record);
  spans_.settle_in_doubt(record, ran_ns);
  record.span.state = RunState::kOnCpu;
  record.whole_slice = false;
  record.span.since_ns = ran_ns;
  record.span.woken_ns = 0;
  record.span.cpu = record.ran_cpu;
}

void SwitchTracker::end_slice(TaskRecord& record, model::TimeNs ts_ns) {
  spans_.settle(record, record.span, ts_ns);
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
  if (record->ran_ns != 0) return;  // as on a CPU
  switch (record->span.state) {
    case RunState::kBlocked:
    case RunState::kNew:
    case RunState::kUnknown:
      if (record->span.woken_ns == 0) {
        record->span.woken_ns = event.ts_ns;
        record->span.runnable = {RunnableWhy::kWoken, wakeup.interrupt,
                                 wakeup.interrupt ? model::kNoTask : wakeup.waker,
                                 stacks_.of(event, model::StackWhat::kWakeup)};
        record->span.wakers = wakers_of(wakeup);
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

// What the waker knows of its own wakeup is true of this moment: it runs.
WakerChain SwitchTracker::wakers_of(const model::Wakeup& wakeup) const {
  WakerChain chain;
  chain.interrupt = wakeup.interrupt;
  if (wakeup.interrupt || wakeup.waker == model::kNoTask) return chain;
  chain.tasks[0] = wakeup.waker;
  const TaskRecord* waker = tasks_.find(wakeup.waker);
  if (waker == nullptr || !waker->target) return chain;
  const WakerChain& before = waker->span.wakers;
  std::copy(before.tasks.begin(), before.tasks.end() - 1, chain.tasks.begin() + 1);
  chain.interrupt = before.interrupt && before.tasks.back() == model::kNoTask;
  return chain;
}

void SwitchTracker::on_birth(TaskRecord& record) {
  if (!switches_recorded_) return;
  record.span.state = RunState::kNew;
  record.span.blocked_key = BlockedTime::kCreationKey;
  record.span.stacks = {};
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
  if (runs_on(record, cpu)) return;
  if (here.current != nullptr && here.current != &record && runs_on(*here.current, cpu)) {
    displaced(*here.current);
  }
  admit_running(record);  // on another CPU
  record.ran_ns = ts_ns;
  record.ran_cpu = cpu;
  here.current = &record;
  // Elsewhere it cannot have come in untold without having left untold: no account will follow.
  if (record.span.state == RunState::kOnCpu) admit_running(record);
}

void SwitchTracker::on_launch(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu) {
  on_running(record, ts_ns, cpu);
  admit_running(record);
  record.whole_slice = true;
}

void SwitchTracker::on_attach(TaskRecord& record, model::TimeNs ts_ns,
                              const model::TaskSeen& seen) {
  if (!switches_recorded_) return;
  record.span.since_ns = ts_ns;
  record.span.cpu = seen.run_cpu;
  switch (seen.doing) {
    case model::SeenDoing::kUnknown:
      break;
    case model::SeenDoing::kOnCpu:
      record.span.state = RunState::kOnCpu;
      record.has_run = true;
      if (seen.run_cpu >= cpus_.size()) cpus_.resize(seen.run_cpu + std::size_t{1});
      cpus_[seen.run_cpu].current = &record;
      break;
    case model::SeenDoing::kRunnable:
      record.span.state = RunState::kRunnable;
      break;
    case model::SeenDoing::kBlocked:
      record.span.state = RunState::kBlocked;
      record.span.blocked_key = blocked_key(seen.syscall, seen.compat);
      break;
  }
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
  admit_running(record);
  if (follows && record.span.state == RunState::kOnCpu) {
    end_slice(record, ts_ns);
  } else {
    spans_.settle_in_doubt(record, ts_ns);
  }
  record.seq = sequence;
  record.seq_known = true;
  record.owes_last_switch = true;
  die(record, ts_ns);
}

void SwitchTracker::on_gone(TaskRecord& record, model::TimeNs ts_ns) {
  if (record.span.state == RunState::kDead) return;
  admit_running(record);
  spans_.settle_in_doubt(record, ts_ns);
  die(record, ts_ns);
}

// An event shows that the open span did not go on as it was known to.
void SwitchTracker::conflict(const TaskRecord& record) {
  if (record.span.state == RunState::kUnknown) return;
  if (waits_for_wakeup(record.span) && !wakeups_recorded_)
    return;  // when it was woken is not known, that is all
  quality_.add(model::Quality::state_conflicts);
}

void SwitchTracker::sequence_gap(TaskRecord& record) {
  quality_.add(model::Quality::sequence_gaps);
  record.gap = true;
  record.span.wakers = {};
}

void SwitchTracker::finish(model::TimeNs end_ns) {
  for (const auto& entry : tasks_.records()) admit_running(*entry);
  spans_.settle_doubtful();
  for (const auto& entry : tasks_.records()) {
    TaskRecord& record = *entry;
    if (!record.target || record.span.state == RunState::kDead) continue;
    const model::TimeNs until = std::max(end_ns, record.span.since_ns);
    record.doubt_at_end = spans_.settle_open(record, until);
  }
}

}  // namespace triptych::analyze
