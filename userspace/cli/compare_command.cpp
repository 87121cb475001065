// SPDX-License-Identifier: Apache-2.0
//
// triptych compare: the same work in three models, measured side by side.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/output.hpp"
#include "cli/own_arguments.hpp"
#include "cli/own_program.hpp"
#include "compare/comparison.hpp"
#include "compare/html.hpp"
#include "compare/interrupt.hpp"
#include "compare/json.hpp"
#include "compare/plan.hpp"
#include "compare/text.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kCompareExamples = R"(Examples:
  sudo triptych compare                    all scenarios: about 90 seconds on two CPUs
  sudo triptych compare --quick create switch
  triptych compare cpu --models thread,coroutine --format json -o cpu.json
  sudo triptych compare --format html -o compare.html    one page that needs nothing else
  triptych diff before.json after.json     two comparisons against each other

Without root the untraced half runs: times, but not the counts that explain them.
)";

struct CompareWords {
  bool quick = false;
  bool thorough = false;
  bool schema = false;
  std::string format = "text";
  std::string output;
};

#ifdef TRIPTYCH_CAN_RECORD
constexpr bool kCanRecord = true;
#else
constexpr bool kCanRecord = false;
#endif

std::string why_untraced() {
  if (!kCanRecord) return "this triptych was built without its BPF programs";
  if (::geteuid() != 0) {
    return "not root: with sudo, each cell would also be recorded, which gives per operation the "
           "context switches, blocking system calls, wakeups, page faults, copy-on-write copies "
           "and tasks created that explain its time, and what tracing costs";
  }
  return {};
}

Result<int> print_schema(const CompareWords& words) {
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(words.output, ""));
  TRIPTYCH_TRY(output.write(compare::json_schema()));
  TRIPTYCH_TRY(output.finish());
  return kExitOk;
}

Result<int> run_compare(compare::Options options, const CompareWords& words) {
  if (words.schema) return print_schema(words);
  if (words.quick) options.effort = compare::Effort::kQuick;
  if (words.thorough) options.effort = compare::Effort::kThorough;
  options.why_untraced = why_untraced();
  options.traced = options.why_untraced.empty();
  TRIPTYCH_TRY_ASSIGN(options.program, own_program());
  TRIPTYCH_TRY_ASSIGN(options.command_line, own_arguments());
  if (words.format == "html") TRIPTYCH_TRY(refuse_terminal(words.output));
  // That it can be written shows before a minute of measuring, not after it.
  TRIPTYCH_TRY(Output::open(words.output, ""));
  TRIPTYCH_TRY_ASSIGN(const compare::Document document, compare::compare(options));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(words.output, ""));
  if (words.format == "json") {
    TRIPTYCH_TRY(output.write(compare::write_json(document)));
  } else if (words.format == "html") {
    TRIPTYCH_TRY(output.write(compare::write_html(document)));
  } else {
    TRIPTYCH_TRY(output.write(
        compare::write_text(document, {width_of(output.fd()), colours_wanted(output.fd())})));
  }
  TRIPTYCH_TRY(output.finish());
  return kExitOk;
}

}  // namespace

Command add_compare_command(CLI::App& app) {
  auto options = std::make_shared<compare::Options>();
  auto words = std::make_shared<CompareWords>();
  options->tool_version = TRIPTYCH_VERSION;
  CLI::App* self = app.add_subcommand("compare", "Measure the same work in three models");
  self->add_option("SCENARIO", options->scenarios, "Which (default: all); see: triptych list");
  self->add_option("--models", options->models, "Only these, of process,thread,coroutine")
      ->delimiter(',')
      ->type_name("LIST");
  CLI::Option* quick = self->add_flag("--quick", words->quick, "In 20 seconds instead of 90");
  self->add_flag("--thorough", words->thorough, "In 15 minutes: finds smaller differences")
      ->excludes(quick);
  self->add_option("--set", options->settings, "KEY=VALUE of a parameter; may be repeated")
      ->allow_extra_args(false);
  self->add_option("--repetitions", options->repetitions,
                   "Processes started for each cell (default: 10, with --thorough 60)")
      ->check(whole_number(0, compare::kMostRepetitions));
  self->add_option("--format", words->format,
                   "How: text, or html (one page) for people, json for programs")
      ->check(one_of({"text", "html", "json"}))
      ->capture_default_str();
  self->add_option("-o,--output", words->output, "Write to this file, not to standard output");
  self->add_option("--keep-traces", options->keep_traces, "Keep the recordings in this directory")
      ->type_name("DIR");
  self->add_flag("--schema", words->schema, "Print the JSON Schema of --format json");
  self->footer(kCompareExamples);
  Command command;
  command.app = self;
  command.run = [options, words] { return run_compare(*options, *words); };
  command.status_of = [](const Error& error) {
    const int signal_number = compare::interrupted();
    return signal_number != 0 ? 128 + signal_number : static_cast<int>(error.code);
  };
  return command;
}

}  // namespace triptych::cli
