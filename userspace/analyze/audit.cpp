// SPDX-License-Identifier: Apache-2.0
#include "analyze/audit.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace triptych::analyze {
namespace {

constexpr const char* kNoBaseline = "its counters at the beginning are not in the trace";
constexpr const char* kLost = "records lost";

void remark(TaskAudit& audit, const std::string& text) {
  if (audit.remark.find(text) != std::string::npos) return;
  if (!audit.remark.empty()) audit.remark += "; ";
  audit.remark += text;
}

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

// The counters at both ends of the compared time, where they are known, and why not where they are
// not.
struct Ends {
  std::optional<model::Counters> begin, end;
  std::uint64_t own_begin = 0;  // faults that our programs saw until then
  std::optional<std::uint64_t> own_end;
  std::string missing;
};

std::optional<model::Counters> beginning(const TaskRecord& record,
                                         const std::optional<model::Counters>& baseline) {
  if (record.born) return model::Counters{};
  return baseline;
}

Ends ends_of(const TaskRecord& record, const MarkTracker& marks,
             const std::optional<model::Counters>& baseline) {
  Ends ends;
  const Window& wanted = marks.wanted();
  if (wanted.from_mark.empty()) {
    ends.begin = beginning(record, baseline);
    if (!ends.begin) ends.missing = kNoBaseline;
  } else if (marks.from() && marks.from()->task == record.task.id) {
    ends.begin = marks.from()->counters;
    ends.own_begin = marks.from()->faults;
  } else {
    ends.missing = "not comparable between marks of other tasks";
  }
  if (!wanted.to_mark.empty()) {
    if (marks.to() && marks.to()->task == record.task.id) {
      ends.end = marks.to()->counters;
      ends.own_end = marks.to()->faults;
    } else {
      ends.missing = "not comparable between marks of other tasks";
    }
  } else if (record.end) {
    ends.end = record.end->counters;
    ends.own_end = record.end->faults;
  } else if (record.summary) {
    ends.end = record.summary->counters;
  }
  return ends;
}

bool alive(const TaskRecord& record) {
  return record.span.state != RunState::kDead;
}

}  // namespace

bool Auditor::windowed() const {
  return !marks_.wanted().from_mark.empty() || !marks_.wanted().to_mark.empty();
}

bool Auditor::lost(const TaskRecord& record, model::LossClass loss) const {
  const std::optional<model::TimeNs> first = losses_.first(loss, record.task.start_ns);
  return first && (!record.task.end_ns || *first <= *record.task.end_ns);
}

void Auditor::audit_switches(TaskRecord& record) const {
  TaskAudit& audit = record.task.audit;
  const SwitchCounts& counted = record.task.switches;
  const Ends ends = ends_of(record, marks_, record.baseline_switches);
  audit.switches = AuditVerdict::kNotComparable;
  if (!recorded_.switches) return remark(audit, "switches were not recorded");
  if (record.gap) return remark(audit, kLost);
  if (!ends.begin) {
    // A switch would have come with its baseline: there was none.
    const bool idle = !windowed() && record.beginning_known && alive(record) && !record.has_run &&
                      !recorded_.summaries;
    if (!idle) return remark(audit, ends.missing);
    if (lost(record, model::LossClass::kSwitch) || lost(record, model::LossClass::kTask)) {
      return remark(audit, kLost);
    }
    audit.switches = AuditVerdict::kEqual;
    return;
  }
  if (!ends.end) {
    if (!ends.missing.empty()) return remark(audit, ends.missing);
    if (!alive(record)) return remark(audit, "its final counters are not in the trace");
    if (recorded_.summaries) return remark(audit, "its last counters are not in the trace");
    if (record.doubt_at_end) return remark(audit, kLost);
    audit.kernel_voluntary = counted.voluntary;
    audit.kernel_involuntary = counted.involuntary;
    audit.switches = AuditVerdict::kEqual;
    return remark(audit, "alive at the end: compared by sequence number at its last switch");
  }
  audit.kernel_voluntary = minus(ends.end->nvcsw, ends.begin->nvcsw);
  audit.kernel_involuntary = minus(ends.end->nivcsw, ends.begin->nivcsw);
  if (counted.voluntary == audit.kernel_voluntary &&
      counted.involuntary == audit.kernel_involuntary) {
    audit.switches = AuditVerdict::kEqual;
  } else if (lost(record, model::LossClass::kSwitch)) {
    remark(audit, kLost);
  } else {
    audit.switches = AuditVerdict::kDiffers;
  }
}

void Auditor::audit_faults(TaskRecord& record) const {
  TaskAudit& audit = record.task.audit;
  const std::uint64_t recorded = record.task.faults.total;
  const Ends ends = ends_of(record, marks_, record.baseline_faults);
  audit.faults = AuditVerdict::kNotComparable;
  if (!recorded_.faults) return remark(audit, "faults were not recorded");
  if (!ends.begin) return remark(audit, ends.missing);
  if (!ends.end) {
    return remark(audit, !ends.missing.empty() ? ends.missing
                         : alive(record)       ? "alive at the end: its faults are not compared"
                                               : "its final counters are not in the trace");
  }
  audit.kernel_faults =
      minus(ends.end->min_flt + ends.end->maj_flt, ends.begin->min_flt + ends.begin->maj_flt);
  audit.kernel_taken_faults = static_cast<std::int64_t>(audit.kernel_faults - recorded);
  const bool own_differs = ends.own_end && minus(*ends.own_end, ends.own_begin) != recorded;
  if (!own_differs && audit.kernel_taken_faults >= 0) {
    audit.faults = AuditVerdict::kEqual;
  } else if (lost(record, model::LossClass::kFault)) {
    remark(audit, kLost);
  } else {
    audit.faults = AuditVerdict::kDiffers;
  }
}

void Auditor::compare_counting_event(Audit& audit,
                                     const std::optional<model::Ending>& ending) const {
  if (!ending) {
    audit.faults_remark = "the recording was cut: the counting event was not read";
    return;
  }
  if (windowed()) {
    audit.faults_remark = "the counting event is read at the ends of the recording only";
    return;
  }
  const model::CountedFaults& counted = ending->counted_faults;
  if (!counted.comparable) {
    audit.faults_remark = counted.remark;
    return;
  }
  std::uint64_t prelude = 0;
  for (const auto& record : tasks_.records()) prelude += record->prelude_faults;
  audit.faults_counted = minus(counted.page_faults, prelude);
  const std::uint64_t lost_faults = losses_.count(model::LossClass::kFault);
  if (lost_faults != 0) {
    audit.faults_remark = format_count(lost_faults) + " fault records were lost";
  } else if (ending->counters.disk_lost != 0) {
    audit.faults_remark = format_count(ending->counters.disk_lost) + " records were lost on disk";
  }
}

Audit Auditor::run(const std::optional<model::Ending>& ending) {
  Audit audit;
  std::uint64_t kernel_taken = 0;
  bool any_faults = false;
  for (const auto& entry : tasks_.records()) {
    TaskRecord& record = *entry;
    if (!record.target) continue;
    audit_switches(record);
    audit_faults(record);
    const TaskAudit& verdict = record.task.audit;
    ++audit.tasks;
    audit.faults_recorded += record.task.faults.total;
    if (verdict.switches != AuditVerdict::kNotComparable) {
      ++audit.tasks_comparable;
      audit.switches_recorded += record.task.switches.voluntary + record.task.switches.involuntary;
      audit.switches_kernel += verdict.kernel_voluntary + verdict.kernel_involuntary;
    }
    if (verdict.switches == AuditVerdict::kDiffers || verdict.faults == AuditVerdict::kDiffers) {
      ++audit.tasks_differing;
    }
    if (verdict.faults == AuditVerdict::kEqual) {
      any_faults = true;
      kernel_taken += static_cast<std::uint64_t>(verdict.kernel_taken_faults);
    }
  }
  if (any_faults) audit.faults_kernel_taken = kernel_taken;
  if (losses_.count(model::LossClass::kTask) != 0) {
    audit.remark = format_count(losses_.count(model::LossClass::kTask)) +
                   " records of tasks were lost: tasks may be missing";
  }
  compare_counting_event(audit, ending);
  return audit;
}

}  // namespace triptych::analyze
