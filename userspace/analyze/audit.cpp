// SPDX-License-Identifier: Apache-2.0
#include "analyze/audit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace triptych::analyze {
namespace {

constexpr const char* kNoBaseline = "its counters at the beginning are not in the trace";
constexpr const char* kNoEnd = "its final counters are not in the trace";
constexpr const char* kLost = "records lost";
constexpr const char* kMarkOfAnother =
    "alive at a mark that another task set, so its counters then are not in the trace";

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

// "3 fault records were lost"; empty: none of this class is missing.
std::string missing_words(const LossTracker& losses, model::LossClass loss, const char* singular,
                          const char* plural) {
  std::vector<std::string> words;
  const auto add = [&](std::uint64_t count, const char* was, const char* were) {
    if (count != 0) words.push_back(counted(count, singular, plural) + (count == 1 ? was : were));
  };
  const LossTracker::Missing& missing = losses.missing(loss);
  add(losses.count(loss), " was lost", " were lost");
  add(missing.known, " is missing in damaged parts of the file",
      " are missing in damaged parts of the file");
  if (missing.perhaps_more) {
    words.push_back(missing.known != 0
                        ? "perhaps more"
                        : fmt::format("{} may be missing in damaged parts of the file", plural));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

// The counters at both ends of the compared time, where they are known, and why not where they are
// not.
struct Ends {
  std::optional<model::Counters> begin, end;
  std::uint64_t own_begin = 0;  // faults that our programs saw until then
  std::optional<std::uint64_t> own_end;
  std::string missing;
};

bool alive(const TaskRecord& record) {
  return record.span.state != RunState::kDead;
}

// Between marks, a task that was created there began at zero, as every other one does.
void find_beginning(const TaskRecord& record, const MarkTracker& marks,
                    const std::optional<model::Counters>& baseline, Ends& ends) {
  const bool marked = !marks.wanted().from_mark.empty();
  if (marked && marks.from() && marks.from()->task == record.task.id) {
    ends.begin = marks.from()->counters;
    ends.own_begin = marks.from()->faults;
  } else if (record.born && record.task.start_ns >= marks.begin_ns()) {
    ends.begin = model::Counters{};
  } else if (marked) {
    ends.missing = kMarkOfAnother;
  } else if (baseline) {
    ends.begin = baseline;
  } else {
    ends.missing = kNoBaseline;
  }
}

void find_end(const TaskRecord& record, const MarkTracker& marks, Ends& ends) {
  const bool marked = !marks.wanted().to_mark.empty();
  if (marked && marks.to() && marks.to()->task == record.task.id) {
    ends.end = marks.to()->counters;
    ends.own_end = marks.to()->faults;
  } else if (record.end) {  // between marks: it ended before the second one
    ends.end = record.end->counters;
    ends.own_end = record.end->faults;
  } else if (marked) {
    ends.missing = kMarkOfAnother;
  } else if (record.summary) {
    ends.end = record.summary->counters;
  }
}

Ends ends_of(const TaskRecord& record, const MarkTracker& marks,
             const std::optional<model::Counters>& baseline) {
  Ends ends;
  find_beginning(record, marks, baseline, ends);
  find_end(record, marks, ends);
  return ends;
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
  audit.switches = AuditVerdict::kNotComparable;
  if (!recorded_.switches) {
    audit.switches_remark = "switches were not recorded";
    return;
  }
  if (record.gap) {
    audit.switches_remark = kLost;
    return;
  }
  const Ends ends = ends_of(record, marks_, record.baseline_switches);
  if (!ends.begin || !ends.end) return audit_sequence(record);
  audit.kernel_voluntary = minus(ends.end->nvcsw, ends.begin->nvcsw);
  audit.kernel_involuntary = minus(ends.end->nivcsw, ends.begin->nivcsw);
  if (counted.voluntary == audit.kernel_voluntary &&
      counted.involuntary == audit.kernel_involuntary) {
    audit.switches = AuditVerdict::kEqual;
  } else if (lost(record, model::LossClass::kSwitch)) {
    audit.switches_remark = kLost;
  } else {
    audit.switches = AuditVerdict::kDiffers;
  }
}

void Auditor::audit_sequence(TaskRecord& record) const {
  TaskAudit& audit = record.task.audit;
  const bool based = record.born || record.baseline_switches;
  // A switch would have come with its baseline: there was none.
  const bool idle = record.beginning_known && alive(record) && !record.seq_known;
  if (!based && (!idle || recorded_.summaries)) {
    audit.switches_remark = kNoBaseline;
  } else if (recorded_.summaries) {
    audit.switches_remark = "its last counters are not in the trace";
  } else if (!based) {
    const bool doubtful =
        lost(record, model::LossClass::kSwitch) || lost(record, model::LossClass::kTask);
    audit.switches = doubtful ? AuditVerdict::kNotComparable : AuditVerdict::kEqual;
    if (doubtful) audit.switches_remark = kLost;
  } else if (record.owes_last_switch || (record.task.end_ns && !record.end)) {
    audit.switches_remark = record.end ? kLost : kNoEnd;
  } else if (record.doubt_at_end) {
    audit.switches_remark = kLost;
  } else {
    audit.kernel_voluntary = record.task.switches.voluntary;
    audit.kernel_involuntary = record.task.switches.involuntary;
    audit.switches = AuditVerdict::kEqual;
    audit.switches_remark =
        windowed() ? "alive at a mark that another task set: compared by sequence number"
                   : "alive at the end: compared by sequence number at its last switch";
  }
}

void Auditor::audit_faults(TaskRecord& record) const {
  TaskAudit& audit = record.task.audit;
  const std::uint64_t recorded = record.task.faults.total;
  const Ends ends = ends_of(record, marks_, record.baseline_faults);
  audit.faults = AuditVerdict::kNotComparable;
  const bool idle = record.beginning_known && alive(record) && !record.seq_known && recorded == 0;
  if (recorded_.faults && !recorded_.summaries && !ends.begin && idle &&
      audit.switches == AuditVerdict::kEqual && !lost(record, model::LossClass::kFault)) {
    audit.faults = AuditVerdict::kEqual;
    audit.faults_remark = "none: the first one would have come with its baseline";
    return;
  }
  if (!recorded_.faults) {
    audit.faults_remark = "faults were not recorded";
  } else if (!ends.begin || (!ends.end && !ends.missing.empty())) {
    audit.faults_remark = ends.missing;
  } else if (!ends.end) {
    audit.faults_remark =
        alive(record) ? "alive at the end: nothing tells its counters at that very moment" : kNoEnd;
  }
  if (!audit.faults_remark.empty()) return;
  audit.kernel_faults =
      minus(ends.end->min_flt + ends.end->maj_flt, ends.begin->min_flt + ends.begin->maj_flt);
  audit.kernel_taken_faults = static_cast<std::int64_t>(audit.kernel_faults - recorded);
  const bool own_differs = ends.own_end && minus(*ends.own_end, ends.own_begin) != recorded;
  if (!own_differs && audit.kernel_taken_faults >= 0) {
    audit.faults = AuditVerdict::kEqual;
  } else if (lost(record, model::LossClass::kFault)) {
    audit.faults_remark = kLost;
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
  const model::CountedFaults& own = ending->counted_faults;
  if (!own.comparable) {
    audit.faults_remark = own.remark;
    return;
  }
  std::uint64_t prelude = 0;
  for (const auto& record : tasks_.records()) prelude += record->prelude_faults;
  audit.faults_counted = minus(own.page_faults, prelude);
  audit.faults_remark =
      missing_words(losses_, model::LossClass::kFault, "fault record", "fault records");
  const std::uint64_t on_disk = ending->counters.disk_lost;
  if (audit.faults_remark.empty() && on_disk != 0) {
    audit.faults_remark = counted(on_disk, "record was lost on disk", "records were lost on disk");
  }
}

Audit Auditor::run(const std::optional<model::Ending>& ending) {
  Audit audit;
  for (const auto& record : tasks_.records()) {
    if (!record->target) continue;
    audit_switches(*record);
    audit_faults(*record);
  }
  audit.remark =
      missing_words(losses_, model::LossClass::kTask, "record of tasks", "records of tasks");
  if (!audit.remark.empty()) audit.remark += ": tasks may be missing";
  compare_counting_event(audit, ending);
  return audit;
}

}  // namespace triptych::analyze
