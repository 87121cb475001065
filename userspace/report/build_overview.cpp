// SPDX-License-Identifier: Apache-2.0
//
// What ran, on what, for how long, whether the figures can be trusted, and their totals.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Summary;
using analyze::Totals;

std::string target_words(const model::Metadata& metadata) {
  const model::Target& target = metadata.target;
  std::string words;
  switch (target.kind) {
    case model::TargetKind::kCommand:
      words = target.command.empty() ? "unknown" : command_line(target.command);
      break;
    case model::TargetKind::kProcess:
      words = process_name(target);
      if (!target.command.empty()) words += ": " + command_line(target.command);
      return words + " – with all its threads and what they started";
    case model::TargetKind::kMachine:
      return "all tasks but the recorder's own";
  }
  if (target.tgid != 0) words += fmt::format(" (process {}", target.tgid);
  if (target.tgid != 0 && !target.user.empty())
    words += fmt::format(", user {}", quote(target.user));
  if (target.tgid != 0) words += ")";
  return words;
}

const char* target_name(model::TargetKind kind) {
  switch (kind) {
    case model::TargetKind::kCommand:
      return "command";
    case model::TargetKind::kProcess:
      return "process";
    case model::TargetKind::kMachine:
      break;  // "machine" is what it ran on
  }
  return "target";
}

std::string ending_words(const Summary& summary) {
  if (!summary.ending) return "unknown: the recording has no end";
  std::string words;
  if (summary.metadata.target.kind == model::TargetKind::kCommand) {
    words = summary.ending->wait_status
                ? wait_status_words(static_cast<std::uint32_t>(*summary.ending->wait_status))
                : "still running when the recording ended";
    words += "; ";
  }
  return words + "recording ended: " +
         (summary.ending->reason.empty() ? "unknown" : escape(summary.ending->reason));
}

std::string machine_words(const model::Host& host) {
  std::string words = "Linux " + (host.kernel.empty() ? "unknown" : escape(host.kernel));
  if (!host.machine.empty()) words += " " + escape(host.machine);
  words += host.cpus == 0 ? ", CPUs unknown" : ", " + counted(host.cpus, "CPU", "CPUs");
  if (!host.cpu_model.empty()) words += ", " + escape(host.cpu_model);
  if (host.virtual_machine) words += ", virtual machine";
  return words;
}

// "2026-03-01 12:00:00 UTC"; empty when it is not known.
std::string date_words(std::int64_t realtime_ns) {
  const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
  std::tm parts{};
  char text[40];
  if (realtime_ns <= 0 || ::gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0) {
    return {};
  }
  return text;
}

std::string time_words(const Summary& summary) {
  std::string words = format_duration_ns(summary.end_ns - summary.begin_ns);
  if (!summary.from_mark.empty()) words += ", from mark " + quote(summary.from_mark);
  if (!summary.to_mark.empty()) {
    words += (summary.from_mark.empty() ? ", up to mark " : " to mark ") + quote(summary.to_mark);
  }
  const std::string date = date_words(summary.metadata.start_realtime_ns);
  return date.empty() ? words : words + "; recorded " + date;
}

// ", none lost", or what is missing and where it stood
std::string missing_words(const Summary& summary) {
  const model::DataQuality& quality = summary.quality;
  const std::uint64_t lost = lost_events(quality);
  const std::uint64_t missing = quality[model::Quality::missing_records];
  const bool cut = quality[model::Quality::recording_cut] != 0;
  const bool truncated = quality[model::Quality::truncated_bytes] != 0;
  std::string words = lost == 0 ? "" : fmt::format(", {} LOST", format_count(lost));
  const std::uint64_t stacks =
      quality[model::Quality::lost_stacks] + quality[model::Quality::lost_samples];
  if (stacks != 0) words += fmt::format(", {} LOST", counted(stacks, "stack", "stacks"));
  if (missing != 0) {
    words += fmt::format(
        ", {} MISSING {}", format_count(missing),
        truncated && !cut ? "with the rest of the file" : "in damaged parts of the file");
  } else if (quality[model::Quality::damaged_chunks] != 0) {
    words += ", parts of the file are DAMAGED";
  }
  if (cut) words += ", the end is MISSING";
  if (truncated && !cut && missing == 0) words += ", the rest of the file is MISSING";
  return words.empty() ? ", none lost" : words;
}

std::string recording_words(const Summary& summary) {
  std::string words = counted(summary.events, "event", "events");
  if (summary.stack_records != 0) {
    words += " and " + counted(summary.stack_records, "record of stacks", "records of stacks");
  }
  words += missing_words(summary);
  if (summary.stored_bytes != 0) {
    words += ", taking " + format_bytes(summary.stored_bytes) + " of the file";
    if (summary.events != 0) {
      words += fmt::format(" ({:.1f} bytes an event)", static_cast<double>(summary.stored_bytes) /
                                                           static_cast<double>(summary.events));
    }
  }
  const std::string& tier = summary.metadata.host.tier;
  words += ", hooks: " + (tier.empty() ? "unknown tier" : escape(tier) + " tier");
  if (summary.summary_only) words += ", summary mode: counts without the events themselves";
  return words;
}

// Something of what was recorded is not in the file.
bool is_partial(const Summary& summary) {
  const model::DataQuality& quality = summary.quality;
  return quality[model::Quality::recording_cut] != 0 ||
         quality[model::Quality::truncated_bytes] != 0 ||
         quality[model::Quality::damaged_chunks] != 0;
}

Paragraph switch_verdict(const View& view) {
  const analyze::Audit& audit = view.audit();
  if (!view.available().switches) return {"Context switches were not recorded.", Tone::kPlain};
  const std::uint64_t left_out = audit.tasks - std::min(audit.tasks, audit.tasks_comparable);
  if (audit.tasks == 0) return {"No task was recorded.", Tone::kWarning};
  if (audit.tasks_comparable == 0) {
    return {
        fmt::format("Context switches could not be checked: none of {} can be compared with the "
                    "kernel's own counters (see Audit).",
                    counted(audit.tasks, "task", "tasks")),
        Tone::kWarning};
  }
  const std::string figures = fmt::format(
      "{} recorded, {} counted by the kernel, in {}", format_count(audit.switches_recorded),
      format_count(audit.switches_kernel), counted(audit.tasks_comparable, "task", "tasks"));
  if (audit.tasks_differing != 0) {
    return {
        fmt::format("The record DIFFERS from the kernel's own counters in {}: context switches {} "
                    "(see Audit).",
                    counted(audit.tasks_differing, "task", "tasks"), figures),
        Tone::kBad};
  }
  if (left_out == 0) {
    if (is_partial(view.summary())) {
      return {fmt::format("As far as the file goes, every context switch is accounted for: {}.",
                          figures),
              Tone::kWarning};
    }
    return {fmt::format("Every context switch is accounted for: {}.", figures), Tone::kGood};
  }
  return {fmt::format("Where they can be checked, context switches are accounted for: {}; {} could "
                      "not be compared (see Audit).",
                      figures, counted(left_out, "task", "tasks")),
          Tone::kWarning};
}

Paragraph fault_verdict(const View& view) {
  const analyze::Audit& audit = view.audit();
  if (!view.available().faults) return {"Page faults were not recorded.", Tone::kPlain};
  const std::string recorded = format_count(audit.faults_recorded);
  const std::string remark = escape(audit.faults_remark);
  if (!audit.faults_counted) {
    return {fmt::format("Page faults: {} recorded, with no independent count to check them{}.",
                        recorded, remark.empty() ? "" : ": " + remark),
            Tone::kPlain};
  }
  const std::string counted_faults = format_count(*audit.faults_counted);
  if (!remark.empty()) {
    return {fmt::format("Page faults: {} recorded, {} counted independently; not comparable: {}.",
                        recorded, counted_faults, remark),
            Tone::kPlain};
  }
  if (*audit.faults_counted != audit.faults_recorded) {
    return {fmt::format("Page faults DIFFER: {} recorded, {} counted independently (see Audit).",
                        recorded, counted_faults),
            Tone::kBad};
  }
  return {fmt::format("Every page fault is accounted for: {} recorded, {} counted independently.",
                      recorded, counted_faults),
          Tone::kGood};
}

Field switches_field(const View& view) {
  const analyze::SwitchCounts& switches = view.totals().switches;
  if (!view.available().switches) return {"context switches", NotAvailable{}, "not recorded"};
  std::string note = fmt::format("{} voluntary, {} involuntary", format_count(switches.voluntary),
                                 format_count(switches.involuntary));
  if (view.available().event_stream) {
    note += fmt::format(" ({} by sched_yield)", format_count(switches.yields));
  }
  note += fmt::format(", {} between address spaces", format_count(switches.mm_changes));
  return {"context switches", Count{switches.voluntary + switches.involuntary}, note};
}

std::string narrowed_words(const View& view) {
  const auto& tasks = view.summary().tasks;
  const auto all = static_cast<std::uint64_t>(
      std::count_if(tasks.begin(), tasks.end(), [](const auto& task) { return !task.stranger; }));
  std::string by;
  if (!view.options().process.empty()) by = "process " + quote(view.options().process);
  if (view.options().tid)
    by += fmt::format("{}tid {}", by.empty() ? "" : ", ", *view.options().tid);
  return fmt::format(
      "Narrowed to {} ({}); the recording has {}. All figures are of what it is narrowed to, but "
      "for the lines above, {}data quality and how it was recorded.",
      counted(view.tasks().size(), "task", "tasks"), by, counted(all, "task", "tasks"),
      view.summary().coroutines.recorded ? "coroutines, " : "");
}

// "no event proves which of the three: 3.20 s before …, 1.10 ms after a loss"
std::string unknown_words(const View& view) {
  static constexpr const char* kWords[analyze::kUnknownCauses] = {
      "before the first event of tasks that existed already", "after a loss or a cut",
      "where events are missing or contradict each other",
      "asleep or ready, which wakeups would tell (left out by --events)"};
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < analyze::kUnknownCauses; ++i) {
    const std::uint64_t ns = view.totals().unknown_by_cause_ns[i];
    if (ns != 0) parts.push_back(fmt::format("{} {}", format_duration_ns(ns), kWords[i]));
  }
  const std::string what = "no event proves which of the three";
  return parts.empty() ? what : what + ": " + joined(parts);
}

// "first touch 5, file 2"
std::string kinds_words(const View& view) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
    const auto kind = static_cast<analyze::FaultKind>(i);
    const std::uint64_t count = view.totals().faults.by_kind[i];
    if (count == 0) continue;
    const bool untold = kind == analyze::FaultKind::kUnknown && !view.available().event_stream;
    words.push_back(fmt::format("{} {}",
                                untold ? "not told apart in summary mode" : fault_words(kind).name,
                                format_count(count)));
  }
  return joined(words);
}

void add_fault_fields(const View& view, std::vector<Field>& fields) {
  const analyze::FaultCounts& faults = view.totals().faults;
  if (!view.available().faults) {
    fields.push_back({"page faults", NotAvailable{}, "not recorded"});
    fields.push_back({"copied on write", NotAvailable{}, ""});
    return;
  }
  std::string note = fmt::format(
      "{} minor, {} major (waited for a disk or alike); {} while in the kernel",
      format_count(faults.minor), format_count(faults.major), format_count(faults.kernel_mode));
  if (faults.unresolved != 0) {
    note += fmt::format("; besides, {} begun and never completed", format_count(faults.unresolved));
  }
  fields.push_back({"page faults", Count{faults.total}, note});
  if (faults.total != 0) fields.push_back({"  by kind", kinds_words(view), ""});
  const analyze::CowBill& cow = view.totals().cow;
  std::string pages = "pages";
  if (cow.copies != 0) {
    pages = fmt::format("pages, {}, in {}", format_bytes(cow.bytes),
                        format_value(Duration{cow.time_ns}));
  }
  if (cow.in_file_mappings != 0) {
    pages += fmt::format("; {} of them in private mappings of files, which needs no fork",
                         format_count(cow.in_file_mappings));
  }
  fields.push_back({"copied on write", Count{cow.copies}, pages});
}

}  // namespace

Section context_section(const View& view) {
  const Summary& summary = view.summary();
  Fields fields;
  fields.fields.push_back(
      {target_name(summary.metadata.target.kind), target_words(summary.metadata), ""});
  fields.fields.push_back({"ended", ending_words(summary), ""});
  fields.fields.push_back({"time", time_words(summary), ""});
  fields.fields.push_back({"machine", machine_words(summary.metadata.host), ""});
  fields.fields.push_back({"recorded", recording_words(summary), ""});
  Section section;
  section.blocks.emplace_back(std::move(fields));
  if (view.narrowed()) {
    section.blocks.emplace_back(Paragraph{narrowed_words(view), Tone::kPlain});
  }
  section.blocks.emplace_back(switch_verdict(view));
  section.blocks.emplace_back(fault_verdict(view));
  if (summary.quality[model::Quality::recording_cut] != 0) {
    section.blocks.emplace_back(Paragraph{
        "The recording was CUT: the recorder did not finish the file. What follows is what it had "
        "written; how tasks ended after that is unknown.",
        Tone::kBad});
  }
  if (lost_events(summary.quality) != 0) {
    section.blocks.emplace_back(
        Paragraph{"Events were LOST: counts are lower bounds, and time that the remaining events "
                  "do not prove is "
                  "called unknown (see Data quality).",
                  Tone::kBad});
  }
  if (summary.quality[model::Quality::missing_records] != 0) {
    section.blocks.emplace_back(Paragraph{
        "Parts of the file are DAMAGED or MISSING: counts are lower bounds, and time that "
        "the remaining events do not prove is called unknown (see Data quality).",
        Tone::kBad});
  }
  return section;
}

Section totals_section(const View& view) {
  const Totals& totals = view.totals();
  const Available& available = view.available();
  std::vector<Field> fields;
  fields.push_back(switches_field(view));
  if (const analyze::Coroutines& all = view.summary().coroutines; all.recorded) {
    fields.push_back({"coroutine switches", Count{all.switches}, "resumptions of coroutines"});
  }
  fields.push_back({"wakeups", available.wakeups ? Value(Count{totals.wakeups}) : NotAvailable{},
                    available.wakeups ? "" : "not recorded"});
  add_fault_fields(view, fields);
  fields.push_back(
      {"forks", Count{totals.forks}, "processes with a copy of their parent's memory"});
  fields.push_back(
      {"vforks", Count{totals.vforks}, "vfork or posix_spawn: memory shared until exec"});
  fields.push_back({"threads", Count{totals.threads_created}, "created"});
  if (totals.other_clones != 0) {
    fields.push_back({"other clones", Count{totals.other_clones}, "with another mix of flags"});
  }
  if (totals.kernel_workers != 0) {
    fields.push_back(
        {"kernel workers", Count{totals.kernel_workers}, "made by the kernel for the program"});
  }
  fields.push_back({"programs started", Count{totals.execs}, "exec"});
  fields.push_back({"tasks ended", Count{totals.exits}, "threads and processes"});
  const auto time = [&](std::uint64_t ns) -> Value {
    if (!available.switches) return NotAvailable{};
    return Duration{ns};
  };
  const std::string without = "context switches were not recorded";
  const auto note = [&](const std::string& words) { return available.switches ? words : without; };
  fields.push_back({"on CPU", time(totals.on_cpu_ns), note("running, all tasks together")});
  fields.push_back({"runnable", time(totals.runnable_ns), note("ready, waiting for a CPU")});
  fields.push_back({"blocked", time(totals.blocked_ns), note("waiting for something else")});
  fields.push_back({"unknown", time(totals.unknown_ns), note(unknown_words(view))});
  Section section("Totals", "");
  section.blocks.emplace_back(Fields{std::move(fields)});
  return section;
}

}  // namespace triptych::report
