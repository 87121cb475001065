// SPDX-License-Identifier: Apache-2.0
//
// triptych export: a trace in a form that other programs read.
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/input.hpp"
#include "cli/output.hpp"
#include "export/export.hpp"
#include "report/view.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  triptych export --format csv -o intervals.csv
  triptych export --format perfetto -o trace.pftrace    for ui.perfetto.dev
  triptych export --format jsonl --process redis-server --from 2s --to 2500ms other.tpt
  triptych export --format jsonl | duckdb -c "from read_json('/dev/stdin') …"
The columns, and what is shown where in a time line, are described in docs/exports.md.
)";

constexpr std::size_t kFlushBytes = 1u << 18;

struct Options {
  std::string file;
  std::string format;
  std::string output;
  std::optional<model::Tid> tid;
  std::string process;
  std::string from;
  std::string to;
};

// A moment of the recording.
Result<std::uint64_t> moment(const std::string& option, const std::string& text) {
  std::uint64_t ns = 0;
  if (parse_duration_ns(text, &ns)) return ns;
  return fail(quote(text) + " is not a time since the recording began",
              option + " takes a number and a unit, as in 500us, 10ms or 1.5s", ErrorCode::kUsage);
}

// The tasks that the report would show. Only the whole trace tells which those are: a process may
// get its name late.
Result<void> select_tasks(const Options& options, const std::string& path,
                          exports::Selection& selection) {
  struct stat status {};
  if (path == "-" || (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))) {
    return fail(fmt::format("{} cannot be read twice, as --tid and --process need",
                            path == "-" ? "standard input" : quote(path)),
                "write it to a file first", ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  analyze::Analysis analysis(source->metadata());
  TRIPTYCH_TRY(read_all(*source, [&analysis](const model::Event& event) -> Result<void> {
    analysis.push(event);
    return {};
  }));
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary,
                      analysis.finish(source->ending(), source->quality(), source->stored_bytes()));
  report::ViewOptions narrow;
  narrow.tid = options.tid;
  narrow.process = options.process;
  TRIPTYCH_TRY_ASSIGN(const report::View view, report::View::make(summary, narrow));
  selection.tasks.emplace();
  for (const analyze::Task* task : view.tasks()) {
    selection.tasks->insert(static_cast<std::uint32_t>(task->id));
  }
  return {};
}

Result<exports::Selection> select(const Options& options, const std::string& path) {
  exports::Selection selection;
  if (!options.from.empty()) {
    TRIPTYCH_TRY_ASSIGN(selection.from_ns, moment("--from", options.from));
  }
  if (!options.to.empty()) {
    TRIPTYCH_TRY_ASSIGN(selection.to_ns, moment("--to", options.to));
  }
  if (selection.from_ns >= selection.to_ns) {
    return fail(fmt::format("nothing lies between {} and {}", options.from, options.to),
                "--to must be later than --from", ErrorCode::kUsage);
  }
  if (options.tid || !options.process.empty()) {
    TRIPTYCH_TRY(select_tasks(options, path, selection));
  }
  return selection;
}

// Whoever only looks at the exported file would not know.
void say_what_is_missing(const model::DataQuality& quality) {
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    const model::QualityInfo& info = model::kQualityInfo[i];
    const std::uint64_t count = quality[static_cast<model::Quality>(i)];
    if (info.severity == model::Severity::kInfo || count == 0) continue;
    const std::string line = fmt::format("triptych: the export is not complete: {} {}: {}\n",
                                         info.name, format_count(count), info.advice);
    std::fputs(line.c_str(), stderr);
  }
}

Result<int> run(const Options& options) {
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  TRIPTYCH_TRY_ASSIGN(exports::Selection selection, select(options, path));
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path, !options.file.empty()));
  if (source->metadata().summary_only) {
    return fail("a trace of summaries does not say what happened when",
                "record without --summary-only to export it", ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, path));
  if (options.format == "perfetto" && ::isatty(output.fd()) == 1) {
    return fail("a time line for Perfetto is no text for a terminal", "name a file with -o",
                ErrorCode::kUsage);
  }
  exports::Export exporting(source->metadata(), std::move(selection),
                            exports::make_writer(options.format));
  std::string& text = exporting.output();
  const auto flush = [&]() -> Result<void> {
    TRIPTYCH_TRY(output.write(text));
    text.clear();
    return {};
  };
  TRIPTYCH_TRY(read_all(*source, [&](const model::Event& event) -> Result<void> {
    exporting.push(event);
    return text.size() < kFlushBytes ? Result<void>() : flush();
  }));
  TRIPTYCH_TRY_ASSIGN(
      const analyze::Summary summary,
      exporting.finish(source->ending(), source->quality(), source->stored_bytes()));
  TRIPTYCH_TRY(flush());
  TRIPTYCH_TRY(output.finish());
  say_what_is_missing(summary.quality);
  return kExitOk;
}

}  // namespace

Command add_export_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* self = app.add_subcommand("export", "Turn a trace into a form for other programs");
  self->add_option("FILE", options->file, "Trace to export (default: triptych.tpt)");
  self->add_option("--format", options->format,
                   "csv, jsonl (one object a line): a row for each interval; "
                   "perfetto, chrome (JSON): a time line")
      ->check(one_of({"csv", "jsonl", "perfetto", "chrome"}))
      ->required();
  self->add_option("-o,--output", options->output, "Write to this file, not to standard output");
  self->add_option("--tid", options->tid, "Only the task with this thread id")
      ->check(whole_number(1, kMostTasks));
  self->add_option("--process", options->process, "Only processes with this id or name");
  self->add_option("--from", options->from, "Begin this long after the recording began")
      ->type_name("TIME");
  self->add_option("--to", options->to, "Stop this long after the recording began")
      ->type_name("TIME");
  self->footer(kFooter);
  return {self, [options] { return run(*options); }};
}

}  // namespace triptych::cli
