// SPDX-License-Identifier: Apache-2.0
//
// triptych export: a trace in a form that other programs read.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/export_input.hpp"
#include "cli/input.hpp"
#include "cli/names_of_trace.hpp"
#include "cli/output.hpp"
#include "export/export.hpp"
#include "symbol/resolve/remembered_unwinds.hpp"
#include "symbol/resolve/stack_unwinder.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kExportExamples = R"(Examples:
  triptych export --format csv -o intervals.csv
  triptych export --format perfetto -o trace.pftrace    for ui.perfetto.dev
  triptych export --format jsonl --process redis-server --from 2s --to 2500ms other.tpt
  triptych export --format svg --profile off-cpu -o off-cpu.svg   a flame graph, for a browser
  triptych export --format svg --profile cow --base before.tpt -o changed.svg after.tpt
  triptych export --format pprof --profile cow -o cow.pb.gz && go tool pprof -top cow.pb.gz
  triptych export --format jsonl | duckdb -c "from read_json('/dev/stdin') …"
The columns, what is shown where in a time line, and the profiles are described in docs/exports.md.
)";

// Chrome's form is a time line, unless it is asked which profile it is to be of.
bool is_profile(const ExportOptions& options) {
  const std::string& format = options.format;
  return format == "svg" || format == "speedscope" || format == "pprof" || format == "folded" ||
         (format == "chrome" && !options.profile.empty());
}

Result<void> check_options(const ExportOptions& options) {
  const bool profile = is_profile(options);
  const bool graph = options.format == "svg";
  const auto check = [](bool given, bool fits, const char* option,
                        const char* forms) -> Result<void> {
    if (!given || fits) return {};
    return fail(fmt::format("{} means nothing for this form", option),
                fmt::format("use it with --format {}", forms), ErrorCode::kUsage);
  };
  constexpr const char* kProfiles = "svg, speedscope, pprof or folded, or chrome with --profile";
  TRIPTYCH_TRY(check(!options.profile.empty(), profile, "--profile",
                     "svg, speedscope, pprof, folded or chrome"));
  TRIPTYCH_TRY(check(!options.unit.empty(), profile, "--unit", kProfiles));
  TRIPTYCH_TRY(check(options.icicle, graph, "--icicle", "svg"));
  const bool stacks = profile || options.format == "perfetto";
  constexpr const char* kStacks =
      "perfetto, svg, speedscope, pprof or folded, or chrome with --profile";
  TRIPTYCH_TRY(check(options.names.debug_files, stacks, "--debug-files", kStacks));
  TRIPTYCH_TRY(check(!options.names.debug_directories.empty(), stacks, "--debug-dir", kStacks));
  TRIPTYCH_TRY(check(options.names.inlines, stacks, "--inlines", kStacks));
  return check(!options.base.empty(), graph, "--base", "svg");
}

void say_stacks_left_out() {
  std::fputs(
      "triptych: stacks are left out: their names may stand behind them, and a pipe cannot be read "
      "twice\n",
      stderr);
}

Result<int> export_trace(const ExportOptions& options) {
  TRIPTYCH_TRY(check_options(options));
  if (is_profile(options)) return export_profile(options);
  const std::string path = options.file.empty() ? kDefaultTrace : options.file;
  TRIPTYCH_TRY_ASSIGN(exports::Selection selection, select(options, path));
  TRIPTYCH_TRY_ASSIGN(auto source, open_for_export(path, !options.file.empty()));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, path));
  if (options.format == "perfetto") {
    TRIPTYCH_TRY(refuse_terminal(output, "a time line for Perfetto"));
  }
  const bool stacks = options.format == "perfetto" && can_be_read_twice(path);
  const std::string& kernel = source->metadata().host.kernel;
  symbol::resolve::StackUnwinder unwinder(kernel);
  symbol::resolve::RememberedUnwinds unwinds(unwinder);
  symbol::resolve::RememberedUnwinds::Reading reading(unwinds);
  NamesOfTrace names(path, options.names.for_kernel(kernel), unwinds);
  exports::Export exporting(source->metadata(), std::move(selection),
                            exports::make_writer(options.format, stacks ? &names : nullptr));
  if (stacks) exporting.unwind_with(reading);
  TRIPTYCH_TRY_ASSIGN(const analyze::Summary summary,
                      run_export(*source, exporting, options, &output));
  TRIPTYCH_TRY(names.result());
  TRIPTYCH_TRY(output.finish());
  if (options.format == "perfetto" && !stacks && summary.stacks.recorded) say_stacks_left_out();
  say_what_is_missing(summary.quality);
  return kExitOk;
}

}  // namespace

Command add_export_command(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* self = app.add_subcommand("export", "Turn a trace into a form for other programs");
  self->add_option("FILE", options->file, "Trace to export (default: triptych.tpt)");
  self->add_option("--format", options->format,
                   "csv, jsonl (one object a line): a row for each interval; "
                   "perfetto, chrome (JSON): a time line; "
                   "svg: a flame graph; speedscope, pprof, folded (text), chrome with --profile: "
                   "the same for other programs")
      ->check(
          one_of({"csv", "jsonl", "perfetto", "chrome", "svg", "speedscope", "pprof", "folded"}))
      ->required();
  self->add_option("-o,--output", options->output, "Write to this file, not to standard output");
  self->add_option("--profile", options->profile,
                   "Of what, where the form is a profile (default: on-cpu)")
      ->check(one_of(profile::kind_words()));
  self->add_option(
      "--unit", options->unit,
      "What the profile is counted in: ns, count, pages or samples; the first that it knows");
  self->add_option("--base", options->base,
                   "Colour a flame graph by what has become more or less since this trace")
      ->type_name("FILE");
  options->names.add_to(*self);
  self->add_flag("--icicle", options->icicle, "A flame graph with the outermost frames on top");
  self->add_option("--tid", options->tid, "Only the task with this thread id")
      ->check(whole_number(1, kMostTasks));
  self->add_option("--process", options->process, "Only processes with this id or name");
  self->add_option("--coroutine", options->coroutine,
                   "Only coroutines with this id in the report, or of this function");
  self->add_option("--from", options->from, "Begin this long after the recording began")
      ->type_name("TIME");
  self->add_option("--to", options->to, "Stop this long after the recording began")
      ->type_name("TIME");
  self->footer(kExportExamples);
  return {self, [options] { return export_trace(*options); }};
}

}  // namespace triptych::cli
