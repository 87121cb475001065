// SPDX-License-Identifier: Apache-2.0
//
// Why the figures can be trusted, or not: marks, the audit, data quality and how it was recorded.
#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/text.hpp"
#include "report/coroutine_view.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Audit;
using analyze::AuditVerdict;
using analyze::Task;

const char* type_words(model::MarkType type) {
  switch (type) {
    case model::MarkType::kBegin:
      return "begin";
    case model::MarkType::kEnd:
      return "end";
    case model::MarkType::kPoint:
      return "point";
  }
  return "unknown";
}

Value difference(std::uint64_t recorded, std::uint64_t counted_elsewhere) {
  return Difference{static_cast<std::int64_t>(recorded - counted_elsewhere)};
}

Table audit_table(const View& view) {
  const Audit& audit = view.audit();
  Table table;
  table.columns = {{"", true}, {"recorded"}, {"counted"}, {"difference"}, {"counted by", true}};
  Row switches;
  if (view.available().switches && audit.tasks_comparable != 0) {
    switches.cells = {"context switches", Count{audit.switches_recorded},
                      Count{audit.switches_kernel},
                      difference(audit.switches_recorded, audit.switches_kernel),
                      "the kernel: each task's nvcsw + nivcsw"};
  } else {
    switches.cells = {"context switches", NotAvailable{}, NotAvailable{}, NotAvailable{},
                      view.available().switches ? "no task is comparable" : "not recorded"};
  }
  table.rows.push_back(std::move(switches));
  Row faults;
  if (!view.available().faults) {
    faults.cells = {"page faults", NotAvailable{}, NotAvailable{}, NotAvailable{}, "not recorded"};
  } else if (audit.faults_counted) {
    const bool comparable = audit.faults_remark.empty();
    faults.cells = {"page faults", Count{audit.faults_recorded}, Count{*audit.faults_counted},
                    comparable ? difference(audit.faults_recorded, *audit.faults_counted)
                               : Value(NotAvailable{}),
                    comparable ? "an independent counting event on the target"
                               : "not comparable: " + escape(audit.faults_remark)};
  } else {
    faults.cells = {
        "page faults", Count{audit.faults_recorded}, NotAvailable{}, NotAvailable{},
        audit.faults_remark.empty() ? "no counting event" : escape(audit.faults_remark)};
  }
  table.rows.push_back(std::move(faults));
  if (view.available().faults) {
    Row taken;
    taken.cells = {"kernel's own faults", NotAvailable{},
                   audit.faults_kernel_taken ? Value(Count{*audit.faults_kernel_taken}) : Unknown{},
                   NotAvailable{}, "min_flt + maj_flt beyond the recorded ones"};
    table.rows.push_back(std::move(taken));
  }
  return table;
}

bool differs(const Task& task) {
  return task.audit.switches == AuditVerdict::kDiffers ||
         task.audit.faults == AuditVerdict::kDiffers;
}

// Recorded / kernel, where the two were compared.
std::string pair_words(AuditVerdict verdict, std::uint64_t recorded, std::uint64_t kernel) {
  if (verdict == AuditVerdict::kNotComparable) return "n/a";
  return fmt::format("{} / {}", format_count(recorded), format_count(kernel));
}

Table differing_table(const View& view, const std::vector<const Task*>& differing) {
  Table table;
  table.columns = {{"tid"}, {"name", true}, {"voluntary"}, {"involuntary"}, {"faults"}};
  const std::size_t shown = view.shown(differing.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Task& task = *differing[i];
    const analyze::TaskAudit& audit = task.audit;
    Row row;
    row.cells = {std::to_string(task.tid), task.comm.empty() ? "(no name)" : escape(task.comm),
                 pair_words(audit.switches, task.switches.voluntary, audit.kernel_voluntary),
                 pair_words(audit.switches, task.switches.involuntary, audit.kernel_involuntary),
                 pair_words(audit.faults, task.faults.total, audit.kernel_faults)};
    row.tone = Tone::kBad;
    table.rows.push_back(std::move(row));
  }
  if (shown < differing.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(differing.size() - shown, "more task", "more tasks"));
  }
  return table;
}

// How many tasks got which verdict, and why: one row for each that occurs.
void add_verdicts(const View& view, const char* what, AuditVerdict analyze::TaskAudit::*verdict,
                  std::string analyze::TaskAudit::*remark, Table& table) {
  std::map<std::pair<AuditVerdict, std::string>, std::uint64_t> tasks;
  for (const Task* task : view.tasks()) ++tasks[{task->audit.*verdict, task->audit.*remark}];
  for (const auto& [key, count] : tasks) {
    const auto& [told, why] = key;
    Row row;
    row.cells = {what, Count{count},
                 std::string(name_of(told)) + (why.empty() ? "" : ", " + escape(why))};
    if (told == AuditVerdict::kNotComparable) row.tone = Tone::kWarning;
    if (told == AuditVerdict::kDiffers) row.tone = Tone::kBad;
    table.rows.push_back(std::move(row));
    what = "";
  }
}

void add_task_audits(const View& view, Section& section) {
  const auto simply_equal = [&](const Task* task) {
    const analyze::TaskAudit& audit = task->audit;
    const bool switches = audit.switches == AuditVerdict::kEqual && audit.switches_remark.empty();
    const bool faults = audit.faults == AuditVerdict::kEqual && audit.faults_remark.empty();
    return (switches || !view.available().switches) && (faults || !view.available().faults);
  };
  const std::vector<const Task*>& tasks = view.tasks();
  if (std::all_of(tasks.begin(), tasks.end(), simply_equal)) {
    const std::string text = tasks.size() == 1
                                 ? "The one task equals the kernel's own counters."
                                 : fmt::format("All {} tasks equal the kernel's own counters.",
                                               format_count(tasks.size()));
    section.blocks.emplace_back(Paragraph{text, Tone::kGood});
    return;
  }
  Table verdicts;
  verdicts.columns = {{"", true}, {"tasks"}, {"against the kernel's counters of each", true}};
  if (view.available().switches) {
    add_verdicts(view, "context switches", &analyze::TaskAudit::switches,
                 &analyze::TaskAudit::switches_remark, verdicts);
  }
  if (view.available().faults) {
    add_verdicts(view, "page faults", &analyze::TaskAudit::faults,
                 &analyze::TaskAudit::faults_remark, verdicts);
  }
  section.blocks.emplace_back(std::move(verdicts));
  std::vector<const Task*> differing;
  std::copy_if(tasks.begin(), tasks.end(), std::back_inserter(differing),
               [](const Task* task) { return differs(*task); });
  if (differing.empty()) return;
  section.blocks.emplace_back(Paragraph{"Those that differ, recorded / kernel:", Tone::kBad});
  section.blocks.emplace_back(differing_table(view, differing));
}

Tone tone_of(model::Severity severity) {
  switch (severity) {
    case model::Severity::kInfo:
      return Tone::kPlain;
    case model::Severity::kLoss:
      return Tone::kWarning;
    case model::Severity::kDamage:
      return Tone::kBad;
  }
  return Tone::kPlain;
}

const char* severity_words(model::Severity severity) {
  switch (severity) {
    case model::Severity::kInfo:
      return "harmless";
    case model::Severity::kLoss:
      return "loss";
    case model::Severity::kDamage:
      return "damage";
  }
  return "unknown";
}

std::string counter_words(std::string_view name) {
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words;
}

// What may look like loss and is none.
void add_what_is_no_loss(const View& view, Table& table) {
  const auto add = [&](const char* what, Value value, const char* advice) {
    Row row;
    row.cells = {what, std::move(value), severity_words(model::Severity::kInfo), advice};
    table.rows.push_back(std::move(row));
  };
  const std::uint64_t unresolved = view.totals().faults.unresolved;
  if (unresolved != 0) {
    add("unresolved faults", Count{unresolved},
        "begun and never completed, so not faults taken: a signal came, or the kernel gave up");
  }
  const std::uint64_t start_up =
      view.totals()
          .unknown_by_cause_ns[static_cast<std::size_t>(analyze::UnknownCause::kBeforeFirstEvent)];
  if (start_up != 0 && view.available().switches) {
    add("unknown at start-up", Duration{start_up},
        "what tasks that existed already did before their first event: no loss");
  }
}

struct ClassWords {
  const char* one;
  const char* many;
};
constexpr ClassWords kClassWords[model::kLossClasses] = {
    {"switch", "switches"}, {"wakeup", "wakeups"}, {"task record", "task records"},
    {"fault", "faults"},    {"mark", "marks"},     {"summary", "summaries"}};

// "2 switches, 1 wakeup"; "in a damaged part of the file: 3 faults"
std::string range_words(const analyze::LossRange& range) {
  std::vector<std::string> counts;
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    const auto& [one, many] = kClassWords[i];
    if (range.counts[i] != 0) counts.push_back(counted(range.counts[i], one, many));
  }
  if (range.unknown_kind != 0) {
    counts.push_back(
        counted(range.unknown_kind, "record of unknown kind", "records of unknown kind"));
  }
  if (counts.empty()) counts.emplace_back("an unknown number");
  return (range.damaged ? "in a damaged part of the file: " : "") + joined(counts);
}

Table losses_table(const View& view) {
  const std::vector<analyze::LossRange>& losses = view.summary().losses;
  Table table;
  table.columns = {{"CPU"}, {"from"}, {"to"}, {"lost", true}};
  const std::size_t shown = view.shown(losses.size());
  for (std::size_t i = 0; i < shown; ++i) {
    Row row;
    row.cells = {std::to_string(losses[i].cpu), moment(view, losses[i].first_ns),
                 moment(view, losses[i].last_ns), range_words(losses[i])};
    table.rows.push_back(std::move(row));
  }
  if (shown < losses.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(losses.size() - shown, "more range", "more ranges"));
  }
  return table;
}

}  // namespace

Section marks_section(const View& view) {
  const std::vector<const analyze::MarkPoint*> marks = view.marks();
  if (marks.empty()) return {};
  Table table;
  table.columns = {{"at"},        {"mark", true},  {"type", true}, {"task", true},
                   {"voluntary"}, {"involuntary"}, {"faults"}};
  const std::size_t shown = view.shown(marks.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const analyze::MarkPoint& mark = *marks[i];
    Row row;
    row.cells = {moment(view, mark.ts_ns),
                 quote(mark.name),
                 type_words(mark.type),
                 task_label(view, mark.task),
                 Count{mark.counters.nvcsw},
                 Count{mark.counters.nivcsw},
                 view.available().faults ? Value(Count{mark.faults}) : NotAvailable{}};
    table.rows.push_back(std::move(row));
  }
  if (shown < marks.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(marks.size() - shown, "more mark", "more marks"));
  }
  Section section("Marks",
                  "Set by the programs themselves, with the task's own counters at that moment. "
                  "--from-mark and "
                  "--to-mark report the part between two of them.");
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section audit_section(const View& view) {
  Section section;
  section.title = "Audit";
  section.hint =
      "The record against what the kernel counted by itself. Faults that the kernel takes for "
      "itself "
      "(exec's copy of the arguments, MAP_POPULATE, mlock) pass no hook of the base tier.";
  section.blocks.emplace_back(audit_table(view));
  const std::string& remark = view.audit().remark;
  if (!remark.empty()) section.blocks.emplace_back(Paragraph{escape(remark), Tone::kWarning});
  if (!view.tasks().empty() && (view.available().switches || view.available().faults)) {
    add_task_audits(view, section);
  }
  return section;
}

Section quality_section(const View& view) {
  const analyze::Summary& summary = view.summary();
  Section section;
  section.title = "Data quality";
  Table table;
  table.columns = {{"", true}, {"count"}, {"", true}, {"what it means, or what to do", true}};
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const std::uint64_t count = summary.quality[static_cast<model::Quality>(i)];
    if (count == 0) continue;
    const model::QualityInfo& info = model::kQualityInfo[i];
    Row row;
    row.cells = {counter_words(info.name), Count{count}, severity_words(info.severity),
                 std::string(info.advice)};
    row.tone = tone_of(info.severity);
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) {
    section.blocks.emplace_back(Paragraph{"Nothing was lost, cut or damaged.", Tone::kGood});
  }
  add_what_is_no_loss(view, table);
  if (!table.rows.empty()) section.blocks.emplace_back(std::move(table));
  if (!summary.losses.empty()) section.blocks.emplace_back(losses_table(view));
  return section;
}

Section provenance_section(const View& view) {
  const model::Metadata& metadata = view.summary().metadata;
  Section section;
  section.title = "How it was recorded";
  std::vector<Field> fields;
  fields.push_back({"command",
                    metadata.record_command.empty() ? std::string("unknown")
                                                    : command_line(metadata.record_command),
                    ""});
  fields.push_back(
      {"triptych",
       metadata.tool_version.empty() ? std::string("unknown") : escape(metadata.tool_version), ""});
  if (view.summary().ending) {
    fields.push_back({"recorder", Duration{view.summary().ending->recorder_cpu_ns},
                      "of CPU time spent on recording itself, besides the probes"});
    if (const model::CoroutineProbeCost& cost = view.summary().ending->coroutine_probes;
        cost.hits != 0) {
      fields.push_back(
          {"probes of coroutines", Duration{cost.ns},
           fmt::format("of the programs' time for {}, estimated by the instructions under them",
                       counted(cost.hits, "hit", "hits"))});
    }
  }
  if (const std::uint64_t events = recorder_events(view.summary()); events != 0) {
    fields.push_back({"recorder of coroutines", Duration{events * kRecorderEventNs},
                      fmt::format("of the programs' time for {}, estimated at {} ns each",
                                  counted(events, "event", "events"), kRecorderEventNs)});
  }
  section.blocks.emplace_back(Fields{std::move(fields)});
  if (metadata.plan.empty()) return section;
  Table table;
  table.columns = {{"event", true}, {"hook, and why there is none or no better one", true}};
  SaidOnce once;
  for (const model::PlannedEvent& each : metadata.plan) {
    Row row;
    row.cells = {escape(each.event),
                 each.hook.empty() ? std::string("not recorded") : escape(each.hook)};
    row.detail = once(escape(each.reason));
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

}  // namespace triptych::report
