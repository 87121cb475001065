// SPDX-License-Identifier: Apache-2.0
//
// Where no tracepoint told that a thread was woken, or came to its CPU: the scheduler's own account
// comes later, and settles what had to be left open.
#include <algorithm>
#include <optional>
#include <utility>

#include "analyze/coroutine_tracker.hpp"
#include "analyze/syscall_names.hpp"

namespace triptych::analyze {

// It runs, and nobody told us since when. Its account may still do.
void CoroutineTracker::put_off(Thread& thread, model::TimeNs ts_ns) {
  settle_untold(thread);
  const bool was_off = thread.state == State::kBlocked || thread.state == State::kRunnable;
  if (!was_off || !thread.seq_known || thread.pending.size() != 1 ||
      thread.pending.front().end_unseen) {
    settle_on_cpu(thread, false);
    return;
  }
  thread.untold =
      Untold{thread.pending.front(), thread.state, thread.syscall,  thread.compat, thread.wait,
             thread.since_ns,        ts_ns,        thread.woken_ns, thread.seq};
  thread.pending.clear();
}

// Nobody will tell any more.
void CoroutineTracker::settle_untold(Thread& thread) {
  if (!thread.untold) return;
  const Charge& charge = thread.untold->charge;
  add(*charge.row, function_of(charge.row->coroutine.function), &CoroutineTimes::unknown_ns,
      charge.ns);
  thread.untold.reset();
}

void CoroutineTracker::on_arrival(const model::Event& event, const model::Arrival& arrival) {
  if (threads_.empty() || window_.closed()) return;
  Thread* thread = find(event.task);
  if (thread == nullptr) return;
  if (thread->untold && arrival.arrived_ns >= thread->untold->since_ns &&
      arrival.arrived_ns <= thread->untold->until_ns) {
    settle_arrived(*thread, arrival);
    return;
  }
  const bool off = thread->state == State::kBlocked || thread->state == State::kRunnable;
  if (!off || arrival.arrived_ns < thread->since_ns) return;
  if (thread->state == State::kBlocked && thread->woken_ns == 0 && arrival.queued_ns != 0) {
    thread->woken_ns = std::max(arrival.queued_ns, thread->since_ns);
  }
  // About to come in: the switch follows.
  if (arrival.arrived_ns >= event.ts_ns || arrival.arrived_ns < thread->charged_ns) return;
  charge(*thread, arrival.arrived_ns);
  settle_off_cpu(*thread, arrival.arrived_ns, thread->seq_known);
  thread->wait = {};
  thread->state = State::kOnCpu;
  thread->since_ns = arrival.arrived_ns;
  if (thread->on_cpu_ns == 0) thread->stretch_ns = arrival.arrived_ns;
}

// Its coroutine gave it up meanwhile, or another one came: whom that delayed is not counted.
void CoroutineTracker::settle_arrived(Thread& thread, const model::Arrival& arrival) {
  const Untold untold = *std::exchange(thread.untold, std::nullopt);
  CoroutineFunction& function = function_of(untold.charge.row->coroutine.function);
  Row& row = *untold.charge.row;
  const std::uint64_t on_ns = std::min(untold.charge.ns, untold.until_ns - arrival.arrived_ns);
  const std::uint64_t off_ns = untold.charge.ns - on_ns;
  const bool runnable = untold.state == State::kRunnable;
  const model::TimeNs woken_ns = untold.woken_ns != 0 ? untold.woken_ns : arrival.queued_ns;
  add(row, function, &CoroutineTimes::on_cpu_ns, on_ns);
  if (thread.seq == untold.seq) thread.seq_known = true;
  if (!runnable && woken_ns < untold.since_ns) {
    add(row, function, &CoroutineTimes::unknown_ns, off_ns);
    return;
  }
  const std::uint64_t waited =
      runnable ? off_ns
               : std::min(off_ns, arrival.arrived_ns - std::min(arrival.arrived_ns, woken_ns));
  add(row, function, &CoroutineTimes::runnable_ns, waited);
  add(row, function, &CoroutineTimes::blocked_ns, off_ns - waited);
  if (untold.wait.gil) add(row, function, &CoroutineTimes::gil_ns, off_ns - waited);
  if (off_ns < slow_step_ns_ || blocks_.size() >= kMostBlocks) return;
  const BlockedHow asleep = untold.wait.gil ? BlockedHow::kGil : BlockedHow::kBlocked;
  blocks_.push_back(
      {.task = thread.task,
       .coroutine = row.coroutine.number,
       .function = row.coroutine.function,
       .how = runnable ? BlockedHow::kRunnable : asleep,
       .syscall = runnable ? std::string()
                           : syscall_name(static_cast<std::int16_t>(untold.syscall), untold.compat),
       .innermost = runnable ? 0 : untold.wait.function,
       .begin_ns = untold.since_ns,
       .duration_ns = off_ns});
}

}  // namespace triptych::analyze
