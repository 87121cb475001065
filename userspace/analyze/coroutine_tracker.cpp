// SPDX-License-Identifier: Apache-2.0
#include "analyze/coroutine_tracker.hpp"

#include <algorithm>
#include <utility>

#include "analyze/syscall_names.hpp"

namespace triptych::analyze {
namespace {

constexpr std::size_t kMostEnded = 10'000;     // coroutines that are no more
constexpr std::size_t kMostAwaited = 100'000;  // before they are met
constexpr std::size_t kMostThreads = 16;       // that are named of one coroutine
constexpr std::size_t kMostDepth = 4096;
constexpr std::size_t kMostAwaiters = 64;  // that are told of one wait

// The clocks of events and switches agree that well; see docs/methodology.md.
constexpr std::uint64_t kClockErrorNs = 2'000;

void count(CoroutineCounts& counts, model::CoroutineWhat what) {
  using What = model::CoroutineWhat;
  counts.created += what == What::kCreated ? 1 : 0;
  counts.resumed += what == What::kResumed ? 1 : 0;
  counts.suspended += what == What::kSuspended ? 1 : 0;
  counts.finished += what == What::kFinished ? 1 : 0;
  counts.destroyed += what == What::kDestroyed ? 1 : 0;
}

}  // namespace

std::string_view name_of(BlockedHow how) {
  switch (how) {
    case BlockedHow::kBlocked:
      return "blocked";
    case BlockedHow::kRunnable:
      return "runnable";
    case BlockedHow::kComputing:
      return "computing";
    case BlockedHow::kGil:
      return "gil";
  }
  return "unknown";
}

void CoroutineTracker::on_space(const model::CoroutineSpaceNew& space) {
  const auto number = static_cast<std::uint32_t>(space.space);
  spaces_[number] = {.number = number,
                     .tgid = space.tgid,
                     .forked_from = static_cast<std::uint32_t>(space.forked_from),
                     .source = space.source,
                     .clock = space.clock,
                     .ring_bytes = space.ring_bytes,
                     .from_start = space.from_start};
}

void CoroutineTracker::on_totals(const model::CoroutineTotals& totals) {
  CoroutineFunction& function = function_of(totals.function);
  CoroutineCounts counts{totals.created, totals.resumed, totals.suspended, totals.finished,
                         totals.destroyed};
  function.own_mounted_ns = totals.mounted_ns;
  function.own_counts = counts;
}

void CoroutineTracker::on_lost(const model::CoroutineLost& lost) {
  lost_ += lost.count;
  if (lost.reason == model::CoroutineLoss::kBudget && !budget_ended_ns_) {
    budget_ended_ns_ = lost.first_ns;
  }
}

void CoroutineTracker::on_wait(const model::Event& event, const model::CoroutineWait& wait) {
  if (wait.function != 0) function_of(wait.function).is_callee = true;
  if (Thread* thread = find(event.task)) thread->wait = wait;
}

CoroutineTracker::Thread* CoroutineTracker::find(model::TaskId task) {
  const auto found = thread_index_.find(static_cast<std::uint32_t>(task));
  return found == thread_index_.end() ? nullptr : threads_[found->second].get();
}

CoroutineTracker::Thread& CoroutineTracker::thread_of(model::TaskId task, model::TimeNs ts_ns) {
  if (Thread* known = find(task)) return *known;
  thread_index_[static_cast<std::uint32_t>(task)] = static_cast<std::uint32_t>(threads_.size());
  Thread& thread = *threads_.emplace_back(std::make_unique<Thread>());
  thread.task = task;
  thread.loop.task = task;
  thread.loop.begin_ns = ts_ns;
  thread.state = task == model::kNoTask ? State::kUnknown : State::kOnCpu;
  thread.since_ns = thread.charged_ns = ts_ns;
  if (const TaskRecord* record = tasks_.find(task)) {
    thread.seq = record->seq;
    thread.seq_known = record->seq_known;
  }
  return thread;
}

CoroutineTracker::RowPointer CoroutineTracker::begin_row(const model::Event& event,
                                                         const model::Coroutine& coroutine) {
  auto row = std::make_shared<Row>();
  row->coroutine.number = next_number_++;
  row->coroutine.address = coroutine.id;
  row->coroutine.space = static_cast<std::uint32_t>(coroutine.space);
  row->coroutine.function = coroutine.function;
  row->coroutine.source = coroutine.source;
  row->coroutine.runtime = coroutine.runtime;
  row->key_id = coroutine.id;
  if (coroutine.what == model::CoroutineWhat::kCreated) {
    row->coroutine.created_ns = event.ts_ns;
    row->coroutine.first_seen = coroutine.first_seen;
    if (!coroutine.first_seen) row->coroutine.creator_task = event.task;
    const Thread* thread = coroutine.first_seen ? nullptr : find(event.task);
    if (thread != nullptr && !thread->stack.empty()) {
      row->coroutine.creator = thread->stack.back()->coroutine.number;
    }
    row->suspended = true;
    row->suspended_ns = event.ts_ns;
  } else if (is_creation_unseen(row->coroutine)) {
    function_of(coroutine.function).creations_unseen = true;
  }
  const Key key{row->coroutine.space, coroutine.id};
  if (const auto by = awaited_.find(key); by != awaited_.end()) {
    if (coroutine.first_seen) {
      row->coroutine.awaited_by = by->second->coroutine.number;
      row->awaiter = by->second;
    }
    awaited_.erase(by);
  }
  living_[{row->coroutine.space, coroutine.id}] = row;
  return row;
}

CoroutineTracker::RowPointer CoroutineTracker::row_of(const model::Event& event,
                                                      const model::Coroutine& coroutine) {
  const auto found = living_.find({static_cast<std::uint32_t>(coroutine.space), coroutine.id});
  if (found == living_.end()) return begin_row(event, coroutine);
  if (coroutine.what != model::CoroutineWhat::kCreated) return found->second;
  // Its end was not recorded; another one has its place now.
  end_row(RowPointer(found->second), std::nullopt, event.ts_ns);
  return begin_row(event, coroutine);
}

void CoroutineTracker::end_row(const RowPointer& row, std::optional<model::TimeNs> destroyed_ns,
                               model::TimeNs ts_ns) {
  row->coroutine.ended_ns = destroyed_ns;
  row->coroutine.destroyed = destroyed_ns.has_value();
  if (!destroyed_ns) {  // at the latest now
    row->coroutine.ended_ns = row->coroutine.finished ? row->finished_ns : ts_ns;
  }
  count_wait(*row, ts_ns);
  living_.erase({row->coroutine.space, row->key_id});
  keep(row);
}

// Only the longest mounted of those that ended.
void CoroutineTracker::keep(const RowPointer& row) {
  const auto longer = [](const RowPointer& a, const RowPointer& b) {
    return a->coroutine.times.mounted_ns > b->coroutine.times.mounted_ns;
  };
  kept_.push_back(row);
  std::push_heap(kept_.begin(), kept_.end(), longer);
  if (kept_.size() <= kMostEnded) return;
  std::pop_heap(kept_.begin(), kept_.end(), longer);
  kept_.pop_back();
  ++omitted_;
}

void CoroutineTracker::add(Row& row, CoroutineFunction& function,
                           std::uint64_t CoroutineTimes::*what, std::uint64_t ns) {
  row.coroutine.times.*what += ns;
  function.times.*what += ns;
}

// Charges the time since the last charging to whoever is on top.
void CoroutineTracker::charge(Thread& thread, model::TimeNs ts_ns) {
  const std::uint64_t ns = window_.inside(thread.charged_ns, ts_ns);
  thread.charged_ns = ts_ns;
  if (ns == 0 || thread.ended) return;
  if (thread.stack.empty()) {
    const bool idle = thread.state == State::kBlocked || thread.state == State::kRunnable;
    (idle ? thread.loop.idle_ns : thread.loop.elsewhere_ns) += ns;
    return;
  }
  const RowPointer& top = thread.stack.back();
  (top->end_unseen ? thread.loop.unknown_ns : thread.loop.coroutine_ns) += ns;
  add(*top, function_of(top->coroutine.function), &CoroutineTimes::mounted_ns, ns);
  if (!thread.pending.empty() && thread.pending.back().row == top &&
      thread.pending.back().end_unseen == top->end_unseen) {
    thread.pending.back().ns += ns;
  } else {
    thread.pending.push_back({top, ns, top->end_unseen});
  }
  if (thread.state == State::kOnCpu && !top->end_unseen) thread.on_cpu_ns += ns;
}

// Who was on top, until it was charged last: it is not any longer.
void CoroutineTracker::tell_top(Thread& thread) {
  const model::TimeNs since_ns = std::exchange(thread.top_ns, thread.charged_ns);
  if (!intervals_ || thread.stack.empty() || thread.ended) return;
  const std::uint64_t counted = window_.inside(since_ns, thread.charged_ns);
  if (counted == 0) return;
  const TaskRecord* record = tasks_.find(thread.task);
  const Coroutine& top = thread.stack.back()->coroutine;
  const model::TimeNs begin_ns = std::max(since_ns, window_.begin_ns());
  intervals_(
      {.task = record == nullptr ? nullptr : &record->task,
       .begin_ns = begin_ns,
       .end_ns = begin_ns + counted,
       .doing = CoroutineStep{top.number, &function_of(top.function), top.address, top.space}});
}

void CoroutineTracker::tell_new_top(const Thread& thread) {
  if (!changes_) return;
  const TaskRecord* record = tasks_.find(thread.task);
  CoroutineOnTop change{.task = record == nullptr ? nullptr : &record->task,
                        .ts_ns = thread.top_ns};
  if (!thread.stack.empty()) {
    const Coroutine& top = thread.stack.back()->coroutine;
    change.number = top.number;
    change.function = &function_of(top.function);
  }
  changes_(change);
}

void CoroutineTracker::count_wait(Row& row, model::TimeNs ts_ns) {
  if (!row.suspended) return;
  row.suspended = false;
  const std::uint64_t counted = window_.inside(row.suspended_ns, ts_ns);
  add(row, function_of(row.coroutine.function), &CoroutineTimes::suspended_ns, counted);
  if (!changes_ || counted == 0) return;
  const model::TaskId on =
      row.thread < threads_.size() ? threads_[row.thread]->task : row.coroutine.creator_task;
  const TaskRecord* record = tasks_.find(on);
  CoroutineWait wait;
  wait.task = record == nullptr ? nullptr : &record->task;
  const auto space = spaces_.find(row.coroutine.space);
  if (space != spaces_.end()) wait.tgid = space->second.tgid;
  wait.begin_ns = std::max(row.suspended_ns, window_.begin_ns());
  wait.end_ns = wait.begin_ns + counted;
  wait.number = row.coroutine.number;
  wait.chain.push_back(&function_of(row.coroutine.function));
  for (const std::uint32_t function : row.inside) wait.inside.push_back(&function_of(function));
  // Two that await each other make a chain without an end.
  RowPointer awaiter = row.awaiter.lock();
  while (awaiter != nullptr && wait.chain.size() <= kMostAwaiters) {
    wait.chain.push_back(&function_of(awaiter->coroutine.function));
    awaiter = awaiter->awaiter.lock();
  }
  changes_(wait);
}

void CoroutineTracker::settle_on_cpu(Thread& thread, bool proven) {
  for (const Charge& each : thread.pending) {
    add(*each.row, function_of(each.row->coroutine.function),
        proven && !each.end_unseen ? &CoroutineTimes::on_cpu_ns : &CoroutineTimes::unknown_ns,
        each.ns);
  }
  thread.pending.clear();
}

void CoroutineTracker::settle_off_cpu(Thread& thread, model::TimeNs ts_ns, bool proven) {
  // While it was off the CPU nobody else can have come on top.
  for (const Charge& each : thread.pending) {
    CoroutineFunction& function = function_of(each.row->coroutine.function);
    const bool known =
        proven && !each.end_unseen && (thread.state == State::kRunnable || thread.woken_ns != 0);
    if (!known) {
      add(*each.row, function, &CoroutineTimes::unknown_ns, each.ns);
      continue;
    }
    const std::uint64_t waited = thread.state == State::kRunnable
                                     ? each.ns
                                     : std::min(each.ns, ts_ns - std::min(ts_ns, thread.woken_ns));
    add(*each.row, function, &CoroutineTimes::runnable_ns, waited);
    add(*each.row, function, &CoroutineTimes::blocked_ns, each.ns - waited);
    if (thread.wait.gil) add(*each.row, function, &CoroutineTimes::gil_ns, each.ns - waited);
    if (each.ns < slow_step_ns_) continue;
    const bool blocked = thread.state == State::kBlocked;
    const BlockedHow asleep = thread.wait.gil ? BlockedHow::kGil : BlockedHow::kBlocked;
    add_block(thread, {.task = thread.task,
                       .coroutine = each.row->coroutine.number,
                       .function = each.row->coroutine.function,
                       .how = blocked ? asleep : BlockedHow::kRunnable,
                       .syscall = blocked ? syscall_name(static_cast<std::int16_t>(thread.syscall),
                                                         thread.compat)
                                          : std::string(),
                       .innermost = blocked ? thread.wait.function : 0,
                       .begin_ns = thread.since_ns,
                       .duration_ns = each.ns});
  }
  thread.pending.clear();
}

void CoroutineTracker::add_block(Thread& thread, const BlockedLoop& block) {
  if (blocks_.size() >= kMostBlocks) return;
  thread.open_blocks.push_back(blocks_.size());
  blocks_.push_back(block);
}

// The one on top has kept its thread for itself, computing, from stretch_ns on.
void CoroutineTracker::computed(Thread& thread, model::TimeNs ts_ns) {
  const model::TimeNs begin_ns = std::exchange(thread.stretch_ns, ts_ns);
  const std::uint64_t ns = std::exchange(thread.on_cpu_ns, 0);
  if (ns < slow_step_ns_ || thread.stack.empty()) return;
  const Coroutine& top = thread.stack.back()->coroutine;
  add_block(thread, {.task = thread.task,
                     .coroutine = top.number,
                     .function = top.function,
                     .how = BlockedHow::kComputing,
                     .syscall = {},
                     .innermost = 0,
                     .begin_ns = begin_ns,
                     .duration_ns = ns});
}

void CoroutineTracker::mount(Thread& thread, const RowPointer& row, model::TimeNs ts_ns) {
  computed(thread, ts_ns);
  tell_top(thread);
  if (thread.stack.empty()) {
    thread.step_ns = ts_ns;
    thread.step_end_unseen = false;
  }
  thread.step_end_unseen = thread.step_end_unseen || row->end_unseen;
  if (thread.stack.size() >= kMostDepth) thread.stack.erase(thread.stack.begin());
  thread.stack.push_back(row);
  tell_new_top(thread);
  row->mounted = true;
  if (row->suspended) {
    for (const std::size_t block : thread.open_blocks) {
      if (row->suspended_ns > blocks_[block].begin_ns) continue;
      if (row->coroutine.number == blocks_[block].coroutine || row->delayed_by > block) continue;
      row->delayed_by = block + 1;
      ++blocks_[block].delayed;
    }
    count_wait(*row, ts_ns);
  }
  note_thread(*row, thread.task);
}

void CoroutineTracker::note_thread(Row& row, model::TaskId task) {
  const std::uint32_t index = thread_index_[static_cast<std::uint32_t>(task)];
  if (row.thread != index && row.thread != ~0u) ++row.coroutine.migrations;
  row.thread = index;
  std::vector<model::TaskId>& threads = row.coroutine.threads;
  if (threads.size() < kMostThreads &&
      std::find(threads.begin(), threads.end(), task) == threads.end()) {
    threads.push_back(task);
  }
}

// Those above it were left by an exception, or their suspension is missing.
void CoroutineTracker::unmount(Thread& thread, const Row& row, model::TimeNs ts_ns) {
  const auto found = std::find_if(thread.stack.rbegin(), thread.stack.rend(),
                                  [&row](const RowPointer& each) { return each.get() == &row; });
  if (found == thread.stack.rend()) return;
  computed(thread, ts_ns);
  tell_top(thread);
  for (auto at = found.base() - 1; at != thread.stack.end(); ++at) (*at)->mounted = false;
  thread.stack.erase(found.base() - 1, thread.stack.end());
  tell_new_top(thread);
  if (thread.stack.empty()) step_ended(thread, ts_ns);
}

void CoroutineTracker::step_ended(Thread& thread, model::TimeNs ts_ns) {
  if (!window_.counting()) return;
  ++thread.loop.steps;
  if (thread.step_end_unseen) return;
  thread.loop.longest_step_ns = std::max(thread.loop.longest_step_ns, ts_ns - thread.step_ns);
}

void CoroutineTracker::on_event(const model::Event& event, const model::Coroutine& coroutine) {
  using What = model::CoroutineWhat;
  if (window_.closed()) return;
  const RowPointer row = row_of(event, coroutine);
  if (coroutine.function != 0) name(*row, coroutine.function);
  if (coroutine.generation_unknown) row->coroutine.generation_known = false;
  Thread& thread = thread_of(event.task, event.ts_ns);
  const model::TimeNs ts = event.ts_ns;
  if (thread.state != State::kOnCpu && ts > thread.since_ns + kClockErrorNs) {
    // It runs, and nobody told us: what it did since is not known.
    charge(thread, ts);
    put_off(thread, ts);
    thread.state = State::kOnCpu;
    thread.seq_known = false;
    thread.since_ns = ts;
  }
  charge(thread, ts);
  if (window_.counting()) {
    count(function_of(row->coroutine.function).counts, coroutine.what);
    if (row->coroutine.function == 0) count(row->unnamed, coroutine.what);
  }
  switch (coroutine.what) {
    case What::kCreated:
      break;
    case What::kResumed:
      if (window_.counting()) {
        ++row->coroutine.resumes;
        ++thread.loop.switches;
        if (coroutine.end_unseen) ++ends_unseen_;
      }
      if (row->coroutine.runtime == model::CoroutineRuntime::kFunction) {
        note_thread(*row, thread.task);  // until when it runs nobody sees
        break;
      }
      row->end_unseen = coroutine.end_unseen;
      mount(thread, row, ts);
      row->inside.clear();
      break;
    case What::kSuspended:
      unmount(thread, *row, ts);
      row->suspended = true;
      row->suspended_ns = ts;
      break;
    case What::kFinished:
      unmount(thread, *row, ts);
      row->coroutine.finished = true;
      row->finished_ns = ts;
      break;
    case What::kDestroyed:
      unmount(thread, *row, ts);
      end_row(row, ts, ts);
      break;
    case What::kAwaits: {
      await(row, {row->coroutine.space, coroutine.other});
      break;
    }
  }
}

// The one that is awaited may be there already, and be met only when it is resumed first.
void CoroutineTracker::await(const RowPointer& row, const Key& other) {
  const auto awaited = living_.find(other);
  if (awaited != living_.end() && !awaited->second->coroutine.finished) {
    awaited->second->coroutine.awaited_by = row->coroutine.number;
    awaited->second->awaiter = row;
  } else if (awaited_.size() < kMostAwaited) {
    awaited_[other] = row;
  }
}

void CoroutineTracker::on_switch(const model::Event& event, const model::Switch& change) {
  if (threads_.empty() || window_.closed()) return;
  if (Thread* prev = find(event.task)) {
    charge(*prev, event.ts_ns);
    const bool follows =
        prev->seq_known && change.prev_seq == static_cast<std::uint16_t>(prev->seq + 1);
    settle_on_cpu(*prev, follows && prev->state == State::kOnCpu);
    // Preempted it goes on computing.
    if (!change.stays_runnable()) computed(*prev, event.ts_ns);
    prev->seq = change.prev_seq;
    prev->seq_known = true;
    prev->state = change.stays_runnable() ? State::kRunnable : State::kBlocked;
    prev->syscall = change.syscall;
    prev->compat = change.compat;
    prev->since_ns = event.ts_ns;
    prev->woken_ns = 0;
    if (change.is_last()) tell_top(*prev);
    prev->ended = change.is_last();
    if (prev->stack.empty() && prev->state == State::kBlocked && !prev->ended) {
      prev->open_blocks.clear();
      if (window_.counting()) ++prev->loop.iterations;
    }
  }
  if (Thread* next = find(change.next)) {
    charge(*next, event.ts_ns);
    const bool off = next->state == State::kBlocked || next->state == State::kRunnable;
    settle_off_cpu(*next, event.ts_ns, off && next->seq_known && change.next_seq == next->seq);
    next->wait = {};
    next->seq = change.next_seq;
    next->seq_known = true;
    next->state = State::kOnCpu;
    next->since_ns = event.ts_ns;
    if (next->on_cpu_ns == 0) next->stretch_ns = event.ts_ns;
  }
}

void CoroutineTracker::on_wakeup(const model::Event& event) {
  if (threads_.empty()) return;
  Thread* thread = find(event.task);
  if (thread != nullptr && thread->state == State::kBlocked && thread->woken_ns == 0) {
    thread->woken_ns = event.ts_ns;
  }
}

}  // namespace triptych::analyze
