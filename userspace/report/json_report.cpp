// SPDX-License-Identifier: Apache-2.0
//
// The whole summary as JSON, for programs. docs/report-schema.md says what each member means and
// report_schema.json which there are: change the three together.
#include "report/coroutine_view.hpp"
#include "report/json_parts.hpp"
#include "report/report.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Summary;

Json host_json(const model::Host& host) {
  return {{"kernel", host.kernel},
          {"machine", host.machine},
          {"cpu_model", host.cpu_model},
          {"cpus", host.cpus},
          {"tier", host.tier},
          {"virtual_machine", host.virtual_machine},
          {"page_size_bytes", host.page_size}};
}

const char* word_for(model::TargetKind kind) {
  switch (kind) {
    case model::TargetKind::kCommand:
      return "command";
    case model::TargetKind::kProcess:
      return "process";
    case model::TargetKind::kMachine:
      return "machine";
  }
  return "unknown";
}

Json target_json(const Summary& summary) {
  const model::Target& target = summary.metadata.target;
  Json json = {{"kind", word_for(target.kind)},
               {"command", target.command},
               {"comm", target.comm.empty() ? Json() : Json(target.comm)},
               {"tgid", target.tgid == 0 ? Json() : Json(target.tgid)},
               {"user", target.user.empty() ? Json() : Json(target.user)}};
  std::optional<std::uint32_t> status;
  if (summary.ending && summary.ending->wait_status) {
    status = static_cast<std::uint32_t>(*summary.ending->wait_status);
  }
  add_wait_status(json, status);
  return json;
}

Json recording_json(const Summary& summary) {
  const model::Metadata& metadata = summary.metadata;
  Json plan = Json::array();
  for (const model::PlannedEvent& each : metadata.plan) {
    plan.push_back({{"event", each.event},
                    {"hook", each.hook.empty() ? Json() : Json(each.hook)},
                    {"reason", each.reason}});
  }
  Json json = {{"tool_version", metadata.tool_version},
               {"command", metadata.record_command},
               {"mode", summary.summary_only ? "summary" : "events"},
               {"start_realtime_ns", metadata.start_realtime_ns},
               {"start_ns", metadata.start_ns},
               {"end_ns", nullptr},
               {"ended_because", nullptr},
               {"stored_bytes", summary.stored_bytes == 0 ? Json() : Json(summary.stored_bytes)},
               {"recorder_cpu_ns", nullptr},
               {"coroutine_probes", nullptr},
               {"coroutine_recorder", nullptr},
               {"plan", std::move(plan)}};
  if (summary.ending) {
    json["end_ns"] = summary.ending->end_ns;
    json["ended_because"] = summary.ending->reason;
    json["recorder_cpu_ns"] = summary.ending->recorder_cpu_ns;
    if (const model::CoroutineProbeCost& cost = summary.ending->coroutine_probes; cost.hits != 0) {
      json["coroutine_probes"] = {{"hits", cost.hits}, {"estimated_ns", cost.ns}};
    }
  }
  if (const std::uint64_t events = recorder_events(summary); events != 0) {
    json["coroutine_recorder"] = {{"events", events}, {"estimated_ns", events * kRecorderEventNs}};
  }
  return json;
}

Json totals_json(const View& view) {
  const analyze::Totals& totals = view.totals();
  const Available& available = view.available();
  Json json;
  json["context_switches"] = switches_json(totals.switches, available);
  json["wakeups"] = when(available.wakeups, totals.wakeups);
  json["page_faults"] = fault_counts_json(totals.faults, available);
  json["cow"] = available.faults ? cow_json(totals.cow, available) : Json();
  json["forks"] = totals.forks;
  json["vforks"] = totals.vforks;
  json["other_clones"] = totals.other_clones;
  json["threads_created"] = totals.threads_created;
  json["kernel_workers"] = totals.kernel_workers;
  json["execs"] = totals.execs;
  json["exits"] = totals.exits;
  json["on_cpu_ns"] = when(available.switches, totals.on_cpu_ns);
  json["runnable_ns"] = when(available.switches, totals.runnable_ns);
  json["blocked_ns"] = when(available.switches, totals.blocked_ns);
  json["unknown_ns"] = when(available.switches, totals.unknown_ns);
  json["run_queue_latency"] =
      available.switches ? histogram_json(totals.run_queue_latency) : Json();
  const analyze::Coroutines& coroutines = view.summary().coroutines;
  json["coroutine_switches"] = when(coroutines.recorded, coroutines.switches);
  json["slice_length"] = available.switches ? histogram_json(totals.slice_length) : Json();
  return json;
}

Json minus(std::uint64_t recorded, std::uint64_t reference) {
  return static_cast<std::int64_t>(recorded - reference);
}

Json audit_json(const View& view) {
  const analyze::Audit& audit = view.audit();
  const Available& available = view.available();
  Json switches = {{"recorded", nullptr}, {"kernel", nullptr}, {"difference", nullptr}};
  if (available.switches && audit.tasks_comparable != 0) {
    switches = {{"recorded", audit.switches_recorded},
                {"kernel", audit.switches_kernel},
                {"difference", minus(audit.switches_recorded, audit.switches_kernel)}};
  }
  const bool comparable = audit.faults_counted.has_value() && audit.faults_remark.empty();
  Json faults = {{"recorded", when(available.faults, audit.faults_recorded)},
                 {"counted", optional_json(audit.faults_counted)},
                 {"difference", nullptr},
                 {"kernel_taken", optional_json(audit.faults_kernel_taken)},
                 {"remark", audit.faults_remark}};
  if (available.faults && comparable) {
    faults["difference"] = minus(audit.faults_recorded, *audit.faults_counted);
  }
  return {{"context_switches", std::move(switches)},
          {"page_faults", std::move(faults)},
          {"remark", audit.remark},
          {"tasks", audit.tasks},
          {"tasks_comparable", audit.tasks_comparable},
          {"tasks_differing", audit.tasks_differing}};
}

Json classes_json(const std::uint64_t* counts) {
  Json json;
  for (std::size_t i = 0; i < model::kLossClasses; ++i) json[kLossClassNames[i]] = counts[i];
  return json;
}

Json unknown_json(const View& view) {
  if (!view.available().switches || !view.available().event_stream) return nullptr;
  Json json;
  for (std::size_t i = 0; i < analyze::kUnknownCauses; ++i) {
    json[std::string(name_of(static_cast<analyze::UnknownCause>(i)))] =
        view.totals().unknown_by_cause_ns[i];
  }
  return json;
}

Json quality_json(const View& view) {
  const Summary& summary = view.summary();
  // Without an end of the recording nobody knows what else there was.
  const std::uint64_t missing = summary.quality[model::Quality::missing_records];
  Json json = {{"events", summary.events},
               {"stack_records", summary.stack_records},
               {"lost", lost_events(summary.quality)},
               {"missing", when(summary.ending.has_value(), missing)}};
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    json[std::string(model::kQualityInfo[i].name)] =
        summary.quality[static_cast<model::Quality>(i)];
  }
  json["unresolved_faults"] = when(view.available().faults, view.totals().faults.unresolved);
  json["unknown_by_cause_ns"] = unknown_json(view);
  json["produced"] = summary.ending ? classes_json(summary.ending->counters.produced) : Json();
  Json ranges = Json::array();
  for (const analyze::LossRange& range : summary.losses) {
    ranges.push_back({{"cpu", range.cpu},
                      {"first_ns", range.first_ns},
                      {"last_ns", range.last_ns},
                      {"lost", classes_json(range.counts.data())},
                      {"unknown_kind", range.unknown_kind},
                      {"damaged", range.damaged}});
  }
  json["loss_ranges"] = std::move(ranges);
  return json;
}

template <typename T>
Json array_of(const View& view, const std::vector<const T*>& items,
              Json (*make)(const View&, const T&)) {
  Json array = Json::array();
  for (const T* item : items) array.push_back(make(view, *item));
  return array;
}

Json narrowed_json(const ViewOptions& options) {
  return {{"tid", optional_json(options.tid)},
          {"process", options.process.empty() ? Json() : Json(options.process)}};
}

// Bytes that are not UTF-8 become U+FFFD, and what is not ASCII \uXXXX: safe for every reader.
std::string text_of(const Json& json, int indent) {
  return json.dump(indent, ' ', true, Json::error_handler_t::replace);
}

// Lists have a line for each element: a recording can have many thousands of tasks and forks, and
// indentation would be half of the file.
void append_list(const Json& list, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    out += i == 0 ? "\n    " : ",\n    ";
    out += text_of(list[i], -1);
  }
  out += list.empty() ? "]" : "\n  ]";
}

void append_member(const Json& value, std::string& out) {
  if (value.is_array()) return append_list(value, out);
  for (const char byte : text_of(value, 2)) {
    out += byte;
    if (byte == '\n') out += "  ";
  }
}

std::string formatted(const Json& json) {
  std::string out = "{";
  for (const auto& [name, value] : json.items()) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    out += text_of(name, -1) + ": ";
    append_member(value, out);
  }
  return out + "\n}\n";
}

}  // namespace

std::string write_json(const View& view, const std::vector<profile::Profile>& profiles) {
  const Summary& summary = view.summary();
  Json json;
  json["schema"] = "triptych.report/1";
  json["host"] = host_json(summary.metadata.host);
  json["target"] = target_json(summary);
  json["recording"] = recording_json(summary);
  json["begin_ns"] = summary.begin_ns;
  json["duration_ns"] = summary.end_ns - summary.begin_ns;
  json["from_mark"] = summary.from_mark.empty() ? Json() : Json(summary.from_mark);
  json["to_mark"] = summary.to_mark.empty() ? Json() : Json(summary.to_mark);
  json["narrowed_to"] = view.narrowed() ? narrowed_json(view.options()) : Json();
  json["totals"] = totals_json(view);
  json["tasks"] = array_of(view, view.tasks(), task_json);
  json["strangers"] = strangers_json(summary);
  json["address_spaces"] = array_of(view, view.address_spaces(), address_space_json);
  json["forks"] = array_of(view, view.forks(), fork_json);
  json["marks"] = array_of(view, view.marks(), mark_json);
  add_coroutines(view, json);
  json["profiles"] = Json::array();
  for (const profile::Profile& each : profiles) json["profiles"].push_back(profile_json(each));
  json["audit"] = audit_json(view);
  json["data_quality"] = quality_json(view);
  return formatted(json);
}

}  // namespace triptych::report
