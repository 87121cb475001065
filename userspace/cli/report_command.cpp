// SPDX-License-Identifier: Apache-2.0
//
// triptych report: what a trace says, for people or for programs.
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "analyze/analysis.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/input.hpp"
#include "cli/name_options.hpp"
#include "cli/output.hpp"
#include "profile/all_profiles.hpp"
#include "report/html_writer.hpp"
#include "report/report.hpp"
#include "report/text_writer.hpp"
#include "report/time_line.hpp"
#include "symbol/resolve/resolver.hpp"
#include "symbol/resolve/stack_unwinder.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kReportExamples = R"(Examples:
  triptych report                            the trace triptych.tpt, as text
  triptych report --process redis-server --sort faults other.tpt
  triptych report --from-mark load --to-mark load
  triptych report --format json -o report.json
  triptych report --format html -o report.html      one page that needs nothing else, to be sent on
  triptych report --strict && echo "complete and exact"
)";

struct ReportOptions {
  std::string file;
  std::string format = "text";
  std::string output;
  std::optional<model::Tid> tid;
  std::string process;
  std::optional<std::size_t> top;
  std::string sort = "on-cpu";
  std::string from_mark;
  std::string to_mark;
  std::string slow_step = "10ms";
  bool schema = false;
  bool strict = false;
  NameOptions names;
};

constexpr std::size_t kTextRows = 20;
constexpr std::size_t kPageRows = 50;  // where rows can be sorted, and lead on

// What only some forms show.
struct Gathered {
  report::TimeLineBuilder time_line;
  std::optional<profile::AllProfiles> profiles;
};

analyze::IntervalSink intervals_of(const ReportOptions& options, Gathered& gathered) {
  if (options.format == "text") return {};
  if (options.format == "json") {
    return [&gathered](const analyze::Interval& each) { gathered.profiles->add(each); };
  }
  return [&gathered](const analyze::Interval& each) {
    gathered.time_line.add(each);
    gathered.profiles->add(each);
  };
}

analyze::CoroutineSink coroutines_of(const ReportOptions& options, Gathered& gathered) {
  if (options.format == "text") return {};
  return [&gathered](const analyze::CoroutineChange& each) { gathered.profiles->add(each); };
}

// Not even what stands before the first event.
bool nothing_readable(const analyze::Summary& summary) {
  const model::DataQuality& quality = summary.quality;
  const bool damaged =
      quality[model::Quality::truncated_bytes] != 0 || quality[model::Quality::damaged_chunks] != 0;
  return damaged && summary.events == 0 && summary.metadata.host.kernel.empty() &&
         summary.metadata.record_command.empty() && !summary.ending;
}

Result<analyze::Summary> summarize(const ReportOptions& options, const std::string& path,
                                   Gathered& gathered) {
  std::uint64_t slow_step_ns = 0;
  if (!parse_duration_ns(options.slow_step, &slow_step_ns) || slow_step_ns == 0) {
    return fail(quote(options.slow_step) + " is not a duration",
                "--slow-step takes a number, of seconds where no unit follows: 500us, 10ms or 1",
                ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  gathered.profiles.emplace(source->metadata());
  analyze::Analysis analysis(source->metadata(), {options.from_mark, options.to_mark}, slow_step_ns,
                             intervals_of(options, gathered), coroutines_of(options, gathered));
  symbol::resolve::StackUnwinder unwinder(source->metadata().host.kernel);
  analysis.unwind_with(unwinder);
  TRIPTYCH_TRY(read_all(*source, [&analysis](const model::Event& event) -> Result<void> {
    analysis.push(event);
    return {};
  }));
  TRIPTYCH_TRY_ASSIGN(analyze::Summary summary,
                      analysis.finish(source->ending(), source->quality(), source->stored_bytes()));
  if (nothing_readable(summary)) {
    return fail(quote(path) +
                    ": nothing of this recording can be read: what it is of is missing, " +
                    "and so is every event",
                "the file is damaged, or was cut off near its beginning");
  }
  return summary;
}

std::vector<profile::Profile> profiles_of(const Gathered& gathered, const report::View& view) {
  symbol::resolve::Resolver& resolver = *view.options().resolver;
  if (!view.narrowed()) return gathered.profiles->finish(view.summary(), resolver, nullptr);
  profile::Chosen chosen;
  for (const analyze::Task* task : view.tasks()) {
    chosen.tasks.insert(static_cast<std::uint32_t>(task->id));
    chosen.processes.insert(task->tgid);
  }
  return gathered.profiles->finish(view.summary(), resolver, &chosen);
}

Result<int> run_report(const ReportOptions& options) {
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  if (options.schema) {
    TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, ""));
    TRIPTYCH_TRY(output.write(report::json_schema()));
    TRIPTYCH_TRY(output.finish());
    return kExitOk;
  }
  const bool page = options.format == "html";
  if (page) TRIPTYCH_TRY(refuse_terminal(options.output));
  Gathered gathered;
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary, summarize(options, path, gathered));
  report::ViewOptions view_options;
  view_options.tid = options.tid;
  view_options.process = options.process;
  view_options.top = options.top.value_or(page ? kPageRows : kTextRows);
  view_options.sort = *report::parse_sort(options.sort);
  symbol::resolve::Resolver resolver(*summary.stacks.table,
                                     options.names.for_kernel(summary.metadata.host.kernel));
  view_options.resolver = &resolver;
  TRIPTYCH_TRY_ASSIGN(const report::View view, report::View::make(summary, view_options));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, path));
  if (options.format == "json") {
    TRIPTYCH_TRY(output.write(report::write_json(view, profiles_of(gathered, view))));
  } else if (page) {
    TRIPTYCH_TRY(output.write(report::write_html(
        report::make_page(view, gathered.time_line.finish(view), profiles_of(gathered, view)))));
  } else {
    report::TextStyle style;
    style.colours = colours_wanted(output.fd());
    TRIPTYCH_TRY(output.write(report::write_text(report::make_document(view), style)));
  }
  TRIPTYCH_TRY(output.finish());
  return options.strict && report::below_strict(summary) ? kExitStrict : kExitOk;
}

}  // namespace

Command add_report_command(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* self = app.add_subcommand("report", "Say what happened in a trace");
  self->add_option("FILE", options->file, "Trace to report (default: triptych.tpt)");
  self->add_option("--format", options->format,
                   "How: text, or html (one page) for people, json for programs")
      ->check(one_of({"text", "html", "json"}))
      ->capture_default_str();
  self->add_option("-o,--output", options->output, "Write to this file, not to standard output");
  self->add_option("--tid", options->tid, "Only the task with this thread id")
      ->check(whole_number(1, kMostTasks));
  self->add_option("--process", options->process, "Only processes with this id or name");
  self->add_option("--top", options->top,
                   "Rows of each table of text and page; 0: all (default: 20, on a page 50)")
      ->check(whole_number(0, kMostRows));
  self->add_option("--sort", options->sort, "Order of the tasks in text and page")
      ->check(one_of({"on-cpu", "runnable", "blocked", "switches", "faults", "start"}))
      ->capture_default_str();
  self->add_option("--from-mark", options->from_mark, "Begin at this mark's begin (or point)");
  self->add_option("--to-mark", options->to_mark, "Stop at this mark's end (or point)");
  self->add_option("--slow-step", options->slow_step,
                   "A coroutine that keeps its thread this long has blocked its event loop")
      ->type_name("TIME")
      ->capture_default_str();
  options->names.add_to(*self);
  self->add_flag("--schema", options->schema, "Print the JSON Schema of --format json");
  self->add_flag("--strict", options->strict,
                 "Exit with 4 when events are lost or damaged, or the audit finds a difference");
  self->footer(kReportExamples);
  return {self, [options] { return run_report(*options); }};
}

}  // namespace triptych::cli
