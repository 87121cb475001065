// SPDX-License-Identifier: Apache-2.0
#include "report/json_parts.hpp"

#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Task;

Json id_json(model::TaskId id) {
  return id == model::kNoTask ? Json() : Json(static_cast<std::uint32_t>(id));
}

Json counters_json(const model::Counters& counters) {
  return {{"nvcsw", counters.nvcsw},
          {"nivcsw", counters.nivcsw},
          {"min_flt", counters.min_flt},
          {"maj_flt", counters.maj_flt},
          {"utime_ns", counters.utime_ns},
          {"stime_ns", counters.stime_ns},
          {"run_time_ns", counters.run_time_ns}};
}

Json execs_json(const Task& task) {
  Json execs = Json::array();
  for (const analyze::Exec& exec : task.execs) {
    execs.push_back({{"ts_ns", exec.ts_ns},
                     {"comm", exec.comm},
                     {"filename", exec.filename},
                     {"arguments", exec.arguments},
                     {"arguments_truncated", exec.arguments_truncated},
                     {"secure", exec.secure},
                     {"old_tid", exec.old_tid}});
  }
  return execs;
}

Json preemptions_json(const View& view, const Task& task) {
  if (!view.available().switches || !view.available().event_stream) return nullptr;
  Json preemptions = Json::array();
  for (const auto& [by, preemption] : task.preempted_by) {
    const Task* other = view.find(by);
    preemptions.push_back({{"task", id_json(by)},
                           {"tid", other == nullptr ? Json() : Json(other->tid)},
                           {"comm", other == nullptr ? Json() : Json(other->comm)},
                           {"count", preemption.count},
                           {"waited_ns", preemption.waited_ns}});
  }
  return preemptions;
}

// JSON's names for the verdicts carry no spaces.
const char* verdict_json(analyze::AuditVerdict verdict) {
  switch (verdict) {
    case analyze::AuditVerdict::kEqual:
      return "equal";
    case analyze::AuditVerdict::kDiffers:
      return "differs";
    case analyze::AuditVerdict::kNotComparable:
      return "not_comparable";
  }
  return "not_comparable";
}

std::string remark_words(const analyze::TaskAudit& audit) {
  if (audit.faults_remark.empty() || audit.faults_remark == audit.switches_remark) {
    return audit.switches_remark;
  }
  const std::string between = audit.switches_remark.empty() ? "" : "; ";
  return audit.switches_remark + between + audit.faults_remark;
}

Json audit_json(const analyze::TaskAudit& audit, const Available& available) {
  const bool switches =
      available.switches && audit.switches != analyze::AuditVerdict::kNotComparable;
  const bool faults = available.faults && audit.faults != analyze::AuditVerdict::kNotComparable;
  return {{"switches", verdict_json(audit.switches)},
          {"faults", verdict_json(audit.faults)},
          {"remark", remark_words(audit)},
          {"kernel_voluntary", when(switches, audit.kernel_voluntary)},
          {"kernel_involuntary", when(switches, audit.kernel_involuntary)},
          {"kernel_faults", when(faults, audit.kernel_faults)},
          {"kernel_taken_faults", when(faults, audit.kernel_taken_faults)}};
}

void add_scheduling(const View& view, const Task& task, Json& json) {
  const Available& available = view.available();
  const bool ordered = available.switches && available.event_stream;
  json["on_cpu_ns"] = when(available.switches, task.on_cpu_ns);
  json["runnable_ns"] = when(available.switches, task.runnable_ns);
  json["blocked_ns"] = when(available.switches, task.blocked_ns);
  json["unknown_ns"] = when(available.switches, task.unknown_ns);
  json["blocked_by_syscall"] = nullptr;
  if (ordered) {
    json["blocked_by_syscall"] = Json::object();
    for (const auto& [name, ns] : task.blocked_by_syscall_ns) json["blocked_by_syscall"][name] = ns;
  }
  json["switches"] = switches_json(task.switches, available);
  json["preempted_by"] = preemptions_json(view, task);
  json["coroutine_switches"] = when(view.summary().coroutines.recorded, task.coroutine_switches);
  json["migrations"] = when(available.switches, task.migrations);
  json["wakeups"] = when(available.wakeups, task.wakeups);
  json["wakeups_by_interrupt"] =
      when(available.wakeups && available.event_stream, task.wakeups_by_interrupt);
  json["run_queue_latency"] = available.switches ? histogram_json(task.run_queue_latency) : Json();
  json["slice_length"] = available.switches ? histogram_json(task.slice_length) : Json();
}

Json fault_stats_json(const analyze::FaultStats& stats) {
  return {{"count", stats.count},
          {"pages", stats.pages},
          {"time_ns", stats.time_ns},
          {"latency", histogram_json(stats.latency)}};
}

// The kernel side does not look at mappings: the other kinds, and what fits none, it cannot tell
// apart.
bool told_by_summary_mode(analyze::FaultKind kind) {
  return kind == analyze::FaultKind::kFirstTouch || kind == analyze::FaultKind::kZeroPageWrite ||
         kind == analyze::FaultKind::kCowCopy;
}

}  // namespace

void add_wait_status(Json& json, const std::optional<std::uint32_t>& wait_status) {
  json["exit_status"] = nullptr;
  json["signal"] = nullptr;
  json["core_dumped"] = nullptr;
  if (!wait_status) return;
  const int signal = ending_signal(*wait_status);
  json["exit_status"] = shell_status(*wait_status);
  if (signal != 0) json["signal"] = signal;
  json["core_dumped"] = (*wait_status & 0x80) != 0;
}

Json switches_json(const analyze::SwitchCounts& switches, const Available& available) {
  const bool ordered = available.switches && available.event_stream;
  return {{"voluntary", when(available.switches, switches.voluntary)},
          {"involuntary", when(available.switches, switches.involuntary)},
          {"yields", when(ordered, switches.yields)},
          {"mm_changes", when(available.switches, switches.mm_changes)}};
}

Json fault_counts_json(const analyze::FaultCounts& faults, const Available& available) {
  const bool known = available.faults;
  Json json = {{"total", when(known, faults.total)},
               {"minor", when(known, faults.minor)},
               {"major", when(known, faults.major)}};
  for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
    const auto kind = static_cast<analyze::FaultKind>(i);
    const bool told = known && (available.event_stream || told_by_summary_mode(kind));
    json[std::string(name_of(kind))] = when(told, faults.by_kind[i]);
  }
  json["kernel_mode"] = when(known, faults.kernel_mode);
  json["unresolved"] = when(known, faults.unresolved);
  json["kernel_taken"] =
      when(available.kernel_taken_faults && available.event_stream, faults.kernel_taken);
  return json;
}

Json cow_json(const analyze::CowBill& bill, const Available& available) {
  return {{"copies", bill.copies},
          {"bytes", bill.bytes},
          {"time_ns", bill.time_ns},
          {"in_file_mappings", when(available.event_stream, bill.in_file_mappings)}};
}

Json histogram_json(const analyze::Histogram& histogram) {
  const bool any = histogram.count() != 0;
  const bool exact = histogram.exact();
  Json octaves = Json::array();
  for (unsigned exponent = 0; exponent < 64; ++exponent) {
    const std::uint64_t count = histogram.octave(exponent);
    if (count == 0) continue;
    octaves.push_back(
        {{"from_ns", exponent == 0 ? 0 : std::uint64_t{1} << exponent}, {"count", count}});
  }
  return {{"count", histogram.count()},
          {"sum_ns", when(exact, histogram.sum())},
          {"min_ns", when(any && exact, histogram.min())},
          {"p50_ns", when(any, histogram.quantile(0.5))},
          {"p90_ns", when(any, histogram.quantile(0.9))},
          {"p99_ns", when(any, histogram.quantile(0.99))},
          {"max_ns", when(any && exact, histogram.max())},
          {"octaves", std::move(octaves)}};
}

Json task_json(const View& view, const Task& task) {
  Json json;
  json["task"] = id_json(task.id);
  json["tid"] = task.tid;
  json["tgid"] = task.tgid;
  json["ns_tid"] = task.ns_tid;
  json["comm"] = task.comm;
  json["earlier_comms"] = task.names;
  json["created_by"] = name_of(task.created_by);
  json["parent"] = id_json(task.parent);
  json["parent_tid"] = task.parent_tid == 0 ? Json() : Json(task.parent_tid);
  json["clone_flags"] = task.clone_flags;
  json["execs"] = execs_json(task);
  json["start_ns"] = task.start_ns;
  json["exit_ns"] = optional_json(task.exit_ns);
  json["end_ns"] = optional_json(task.end_ns);
  json["free_ns"] = optional_json(task.free_ns);
  add_wait_status(json, task.exit_code);
  json["group_exit"] = task.group_exit;
  json["zombie"] = task.zombie;
  json["unreaped"] = task.unreaped;
  json["orphaned"] = task.orphaned;
  add_scheduling(view, task, json);
  json["faults"] = fault_counts_json(task.faults, view.available());
  json["peak_rss_bytes"] = task.peak_rss_bytes == 0 ? Json() : Json(task.peak_rss_bytes);
  json["run_time_ns"] = task.run_time_ns == 0 ? Json() : Json(task.run_time_ns);
  json["user_ns"] = optional_json(task.user_ns);
  json["system_ns"] = optional_json(task.system_ns);
  json["audit"] = audit_json(task.audit, view.available());
  return json;
}

Json strangers_json(const analyze::Summary& summary) {
  Json strangers = Json::array();
  for (const Task& task : summary.tasks) {
    if (!task.stranger) continue;
    strangers.push_back({{"task", id_json(task.id)},
                         {"tid", task.tid},
                         {"tgid", task.tgid},
                         {"comm", task.comm},
                         {"created_by", name_of(task.created_by)}});
  }
  return strangers;
}

Json address_space_json(const View& view, const analyze::AddressSpace& space) {
  Json json = {{"mm", static_cast<std::uint32_t>(space.id)},
               {"tgid", space.tgid},
               {"comm", space.comm},
               {"start_ns", space.start_ns},
               {"end_ns", optional_json(space.end_ns)},
               {"faults", nullptr}};
  if (!view.available().faults || !view.available().event_stream) return json;
  json["faults"] = Json::object();
  for (std::size_t kind = 0; kind < analyze::kFaultKinds; ++kind) {
    if (space.faults[kind].count == 0) continue;
    json["faults"][std::string(name_of(static_cast<analyze::FaultKind>(kind)))] =
        fault_stats_json(space.faults[kind]);
  }
  return json;
}

Json fork_json(const View& view, const analyze::Fork& fork) {
  const bool billed = view.available().faults && view.available().event_stream;
  Json json = {{"parent", id_json(fork.parent)},
               {"child", id_json(fork.child)},
               {"parent_tid", fork.parent_tid},
               {"child_tid", fork.child_tid},
               {"kind", name_of(fork.kind)},
               {"ts_ns", fork.ts_ns},
               {"duration_ns", optional_json(fork.duration_ns)},
               {"page_table_copy_ns", optional_json(fork.page_table_copy_ns)},
               {"first_run_delay_ns", optional_json(fork.first_run_delay_ns)},
               {"page_table_pages", fork.page_table_pages},
               {"shared_pages", fork.shared_pages},
               {"cow", nullptr}};
  if (billed) {
    json["cow"] = {{"parent", cow_json(fork.cow_parent, view.available())},
                   {"child", cow_json(fork.cow_child, view.available())},
                   {"incomplete", fork.cow_incomplete}};
  }
  return json;
}

Json mark_json(const View& view, const analyze::MarkPoint& mark) {
  const char* type = "point";
  if (mark.type == model::MarkType::kBegin) type = "begin";
  if (mark.type == model::MarkType::kEnd) type = "end";
  return {{"ts_ns", mark.ts_ns},
          {"task", id_json(mark.task)},
          {"tid", mark.tid},
          {"type", type},
          {"name", mark.name},
          {"counters", counters_json(mark.counters)},
          {"faults", when(view.available().faults, mark.faults)}};
}

}  // namespace triptych::report
