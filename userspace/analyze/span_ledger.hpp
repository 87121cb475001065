// SPDX-License-Identifier: Apache-2.0
//
// Charges spans of time to tasks: as what they were known to be, or, where losses make that
// doubtful, as unknown from the first moment in doubt on.
#pragma once

#include <optional>
#include <vector>

#include "analyze/counting_window.hpp"
#include "analyze/loss_tracker.hpp"
#include "analyze/stack_tracker.hpp"
#include "analyze/task_record.hpp"
#include "model/data_quality.hpp"

namespace triptych::analyze {

class SpanLedger {
 public:
  SpanLedger(const LossTracker& losses, const CountingWindow& window,
             const model::DataQuality& quality, bool wakeups_recorded,
             const IntervalSink& intervals, StackTracker& stacks)
      : losses_(losses),
        window_(window),
        quality_(quality),
        wakeups_recorded_(wakeups_recorded),
        intervals_(intervals),
        stacks_(stacks) {}

  // Counts the span up to `until_ns` as what it was known to be.
  void settle(TaskRecord& record, const OpenSpan& span, model::TimeNs until_ns);
  // It waited for a CPU, whatever the open span knows.
  void wait(TaskRecord& record, const Runnable& why, model::TimeNs from_ns, model::TimeNs until_ns);
  // Something in the open span was missed: it is counted up to the first moment in doubt, the rest
  // is unknown. Decided by settle_doubtful() where a loss may not have been told of yet.
  void settle_in_doubt(TaskRecord& record, model::TimeNs until_ns);
  // When all losses have been told.
  void settle_doubtful();
  // What nothing has ended. True: a loss puts it in doubt.
  bool settle_open(TaskRecord& record, model::TimeNs until_ns);

  // The first loss in the span that may concern its task.
  [[nodiscard]] std::optional<model::TimeNs> first_doubt(const OpenSpan& span) const;

 private:
  struct DoubtfulSpan {
    TaskRecord* record;
    OpenSpan span;
    model::TimeNs until_ns;
  };
  void settle(const DoubtfulSpan& doubtful);
  void block(TaskRecord& record, const Blocked& how, model::TimeNs from_ns, model::TimeNs until_ns);
  void doubt(TaskRecord& record, UnknownCause cause, model::TimeNs from_ns, model::TimeNs until_ns);
  // To whoever wants to know of each interval. The length that counts.
  std::uint64_t tell(const TaskRecord& record, const Doing& doing, model::TimeNs from_ns,
                     model::TimeNs until_ns) const;
  [[nodiscard]] UnknownCause unexplained(const OpenSpan& span) const;
  // This kernel does not tell of all that happens.
  [[nodiscard]] bool keeps_silent() const;

  const LossTracker& losses_;
  const CountingWindow& window_;
  const model::DataQuality& quality_;
  const bool wakeups_recorded_;
  const IntervalSink& intervals_;
  StackTracker& stacks_;
  bool all_losses_told_ = false;
  std::vector<DoubtfulSpan> doubtful_;  // a bounded number; more are unknown as a whole
};

}  // namespace triptych::analyze
