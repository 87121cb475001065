// SPDX-License-Identifier: Apache-2.0
#include "analyze/span_ledger.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

constexpr std::size_t kMaxBlockedKeys = 1024;
constexpr std::size_t kMaxDoubtful = 1u << 16;

void add_blocked(TaskRecord& record, std::int32_t key, std::uint64_t time_ns) {
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

// Of a span that is unknown from its beginning.
UnknownCause cause_of(const TaskRecord& record, const OpenSpan& span) {
  const bool beginning_lost =
      span.cause == UnknownCause::kBeforeFirstEvent && !record.beginning_known;
  return beginning_lost ? UnknownCause::kLoss : span.cause;
}

}  // namespace

std::uint64_t SpanLedger::tell(const TaskRecord& record, const Doing& doing, model::TimeNs from_ns,
                               model::TimeNs until_ns) const {
  const std::uint64_t counted = window_.inside(from_ns, until_ns);
  if (intervals_ && counted != 0) {
    const model::TimeNs begin_ns = std::max(from_ns, window_.begin_ns());
    intervals_({.task = &record.task,
                .begin_ns = begin_ns,
                .end_ns = begin_ns + counted,
                .late = all_losses_told_,
                .doing = doing});
  }
  return counted;
}

void SpanLedger::wait(TaskRecord& record, const Runnable& why, model::TimeNs from_ns,
                      model::TimeNs until_ns) {
  record.task.runnable_ns += tell(record, why, from_ns, until_ns);
}

void SpanLedger::block(TaskRecord& record, const Blocked& how, model::TimeNs from_ns,
                       model::TimeNs until_ns) {
  const std::uint64_t time_ns = tell(record, how, from_ns, until_ns);
  add_blocked(record, how.key, time_ns);
  stacks_.waited(how.stacks, how.key, time_ns);
}

void SpanLedger::doubt(TaskRecord& record, UnknownCause cause, model::TimeNs from_ns,
                       model::TimeNs until_ns) {
  const std::uint64_t time_ns = tell(record, Unknown{cause}, from_ns, until_ns);
  record.task.unknown_ns += time_ns;
  record.task.unknown_by_cause_ns[static_cast<std::size_t>(cause)] += time_ns;
}

UnknownCause SpanLedger::unexplained(const OpenSpan& span) const {
  const bool waits = span.state == RunState::kBlocked || span.state == RunState::kNew;
  return waits && !wakeups_recorded_ ? UnknownCause::kWakeupsLeftOut : UnknownCause::kUnexplained;
}

bool SpanLedger::keeps_silent() const {
  return quality_[model::Quality::untold_arrivals] != 0;
}

std::optional<model::TimeNs> SpanLedger::first_doubt(const OpenSpan& span) const {
  switch (span.state) {
    case RunState::kOnCpu:
      return losses_.first_on(span.cpu, model::LossClass::kSwitch, span.since_ns);
    case RunState::kRunnable:
      return losses_.first(model::LossClass::kSwitch, span.since_ns);
    case RunState::kBlocked:
    case RunState::kNew: {
      // It may have been woken before, have run and have blocked again.
      const auto wakeup = losses_.first(model::LossClass::kWakeup, span.since_ns);
      if (span.woken_ns == 0 && !keeps_silent()) return wakeup;
      const auto change =
          losses_.first(model::LossClass::kSwitch, std::max(span.woken_ns, span.since_ns));
      return wakeup && change ? std::min(wakeup, change) : wakeup ? wakeup : change;
    }
    case RunState::kUnknown:
    case RunState::kDead:
      return std::nullopt;
  }
  return std::nullopt;
}

void SpanLedger::settle(TaskRecord& record, const OpenSpan& span, model::TimeNs until_ns) {
  Task& task = record.task;
  switch (span.state) {
    case RunState::kOnCpu:
      task.on_cpu_ns += tell(record, Running{span.cpu}, span.since_ns, until_ns);
      break;
    case RunState::kRunnable: {
      wait(record, span.runnable, span.since_ns, until_ns);
      if (span.preemption != nullptr) {
        span.preemption->waited_ns += window_.inside(span.since_ns, until_ns);
      }
      break;
    }
    case RunState::kBlocked:
    case RunState::kNew: {
      const bool was_woken = span.woken_ns != 0 && span.woken_ns <= until_ns;
      const model::TimeNs woken = was_woken ? span.woken_ns : until_ns;
      block(record,
            {span.blocked_key, was_woken ? &span.wakers : nullptr, span.stacks,
             was_woken ? span.runnable.waker : Stacks()},
            span.since_ns, woken);
      wait(record, span.runnable, woken, until_ns);
      break;
    }
    case RunState::kUnknown:
      doubt(record, cause_of(record, span), span.since_ns, until_ns);
      break;
    case RunState::kDead:
      break;
  }
}

void SpanLedger::settle_in_doubt(TaskRecord& record, model::TimeNs until_ns) {
  // On its CPU, what was lost has been told by now; other CPUs may tell of their losses much later.
  const bool told =
      record.span.state == RunState::kOnCpu || record.span.state == RunState::kUnknown;
  if (told) {
    settle({&record, record.span, until_ns});
  } else if (doubtful_.size() < kMaxDoubtful) {
    doubtful_.push_back({&record, record.span, until_ns});
  } else {
    doubt(record, UnknownCause::kUnexplained, record.span.since_ns, until_ns);
  }
}

void SpanLedger::settle(const DoubtfulSpan& doubtful) {
  const OpenSpan& span = doubtful.span;
  if (span.state == RunState::kUnknown) return settle(*doubtful.record, span, doubtful.until_ns);
  std::optional<model::TimeNs> first = first_doubt(span);
  const bool lost = first && *first < doubtful.until_ns;
  // Nothing lost explains it, or what was lost may be an account of what had happened before.
  const bool silent = span.state != RunState::kOnCpu && keeps_silent();
  if (!first || *first >= doubtful.until_ns || silent) first = span.since_ns;
  settle(*doubtful.record, span, *first);
  doubt(*doubtful.record, lost ? UnknownCause::kLoss : unexplained(span), *first,
        doubtful.until_ns);
}

void SpanLedger::settle_doubtful() {
  all_losses_told_ = true;
  for (const DoubtfulSpan& doubtful : doubtful_) settle(doubtful);
  doubtful_.clear();
  all_losses_told_ = false;
}

bool SpanLedger::settle_open(TaskRecord& record, model::TimeNs until_ns) {
  const std::optional<model::TimeNs> first = first_doubt(record.span);
  const bool in_doubt = first && *first < until_ns;
  if (in_doubt) {
    settle({&record, record.span, until_ns});
  } else {
    settle(record, record.span, until_ns);
  }
  return in_doubt;
}

}  // namespace triptych::analyze
