// SPDX-License-Identifier: Apache-2.0
#include "analyze/sums.hpp"

namespace triptych::analyze {
namespace {

void add(SwitchCounts& to, const SwitchCounts& from) {
  to.voluntary += from.voluntary;
  to.involuntary += from.involuntary;
  to.yields += from.yields;
  to.mm_changes += from.mm_changes;
}

void add(FaultCounts& to, const FaultCounts& from) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) to.by_kind[i] += from.by_kind[i];
  to.total += from.total;
  to.minor += from.minor;
  to.major += from.major;
  to.kernel_mode += from.kernel_mode;
  to.unresolved += from.unresolved;
  to.kernel_taken += from.kernel_taken;
}

void add_figures(const Task& task, model::TimeNs begin_ns, Totals& totals) {
  add(totals.switches, task.switches);
  add(totals.faults, task.faults);
  totals.cow.add(task.cow);
  totals.wakeups += task.wakeups;
  totals.execs += task.exec_count;
  if (task.exit_ns && *task.exit_ns >= begin_ns) ++totals.exits;
  totals.on_cpu_ns += task.on_cpu_ns;
  totals.runnable_ns += task.runnable_ns;
  totals.blocked_ns += task.blocked_ns;
  totals.unknown_ns += task.unknown_ns;
  for (std::size_t i = 0; i < kUnknownCauses; ++i) {
    totals.unknown_by_cause_ns[i] += task.unknown_by_cause_ns[i];
  }
  totals.run_queue_latency.merge(task.run_queue_latency);
  totals.slice_length.merge(task.slice_length);
}

void add_creation(CreatedBy how, Totals& totals) {
  switch (how) {
    case CreatedBy::kFork:
      ++totals.forks;
      break;
    case CreatedBy::kVfork:
      ++totals.vforks;
      break;
    case CreatedBy::kThread:
      ++totals.threads_created;
      break;
    case CreatedBy::kClone:
      ++totals.other_clones;
      break;
    case CreatedBy::kIoWorker:
    case CreatedBy::kUserWorker:
    case CreatedBy::kKthread:
      ++totals.kernel_workers;
      break;
    case CreatedBy::kUnknown:
    case CreatedBy::kLaunched:
    case CreatedBy::kAttached:
      break;
  }
}

void add_verdict(const Task& task, Audit& audit) {
  const TaskAudit& verdict = task.audit;
  ++audit.tasks;
  audit.faults_recorded += task.faults.total;
  if (verdict.switches != AuditVerdict::kNotComparable) {
    ++audit.tasks_comparable;
    audit.switches_recorded += task.switches.voluntary + task.switches.involuntary;
    audit.switches_kernel += verdict.kernel_voluntary + verdict.kernel_involuntary;
  }
  if (verdict.switches == AuditVerdict::kDiffers || verdict.faults == AuditVerdict::kDiffers) {
    ++audit.tasks_differing;
  }
  if (verdict.faults == AuditVerdict::kEqual && verdict.faults_remark.empty()) {
    audit.faults_kernel_taken = audit.faults_kernel_taken.value_or(0) +
                                static_cast<std::uint64_t>(verdict.kernel_taken_faults);
  }
}

void add_verdicts(const Summary& summary, const Chosen& chosen, Audit& audit) {
  for (const Task& task : summary.tasks) {
    if (!task.stranger && (!chosen || chosen(task.id))) add_verdict(task, audit);
  }
}

}  // namespace

Totals totals_of(const Summary& summary, const Chosen& chosen) {
  Totals totals;
  for (const Task& task : summary.tasks) {
    if (task.stranger) continue;
    if (!chosen || chosen(task.id)) add_figures(task, summary.begin_ns, totals);
    const bool created_here = task.start_ns >= summary.begin_ns;
    if (created_here && (!chosen || chosen(task.parent))) add_creation(task.created_by, totals);
  }
  return totals;
}

void add_task_audits(const Summary& summary, Audit& audit) {
  add_verdicts(summary, {}, audit);
}

Audit audit_of(const Summary& summary, const Chosen& chosen) {
  Audit audit;
  audit.remark = summary.audit.remark;
  audit.faults_remark = "the counting event counts the whole target, not a part of it";
  add_verdicts(summary, chosen, audit);
  return audit;
}

}  // namespace triptych::analyze
