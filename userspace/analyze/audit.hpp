// SPDX-License-Identifier: Apache-2.0
//
// Compares what was recorded of each task with what the kernel itself counted over the same time.
#pragma once

#include "analyze/loss_tracker.hpp"
#include "analyze/mark_tracker.hpp"
#include "analyze/task_table.hpp"
#include "model/metadata.hpp"

namespace triptych::analyze {

class Auditor {
 public:
  Auditor(const TaskTable& tasks, const LossTracker& losses, const MarkTracker& marks,
          const Recorded& recorded)
      : tasks_(tasks), losses_(losses), marks_(marks), recorded_(recorded) {}

  // Fills each task's audit; their counts must be final. What is returned lacks the sums over the
  // tasks (analyze/sums).
  Audit run(const std::optional<model::Ending>& ending);

 private:
  [[nodiscard]] bool windowed() const;
  void audit_switches(TaskRecord& record) const;
  // By the low bits of the kernel's count that every switch carries.
  void audit_sequence(TaskRecord& record) const;
  void audit_faults(TaskRecord& record) const;
  [[nodiscard]] bool lost(const TaskRecord& record, model::LossClass loss) const;
  void compare_counting_event(Audit& audit, const std::optional<model::Ending>& ending) const;

  const TaskTable& tasks_;
  const LossTracker& losses_;
  const MarkTracker& marks_;
  const Recorded& recorded_;
};

}  // namespace triptych::analyze
