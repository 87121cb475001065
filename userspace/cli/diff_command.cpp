// SPDX-License-Identifier: Apache-2.0
//
// triptych diff: two comparisons, or two reports, against each other.
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/output.hpp"
#include "diff/diff.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kDiffExamples = R"(Examples:
  triptych compare --format json -o before.json
  triptych compare --format json -o after.json     on another kernel, say
  triptych diff before.json after.json
  triptych diff --fail-on slower before.json after.json || echo "slower"
)";

struct DiffOptions {
  std::string before, after;
  std::string format = "text";
  std::string output;
  std::string fail_on;
};

Result<int> run_diff(const DiffOptions& options) {
  TRIPTYCH_TRY_ASSIGN(const diff::Input before, diff::read_input(options.before));
  TRIPTYCH_TRY_ASSIGN(const diff::Input after, diff::read_input(options.after));
  TRIPTYCH_TRY_ASSIGN(diff::Difference difference, diff::compare_inputs(before, after));
  if (!options.fail_on.empty() && !difference.can_claim()) {
    return fail("from these files nothing can be proven to be slower",
                "--fail-on takes two comparisons with at least 8 repetitions each",
                ErrorCode::kUsage);
  }
  difference.before_name = options.before;
  difference.after_name = options.after;
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open(options.output, options.before));
  TRIPTYCH_TRY(output.write(
      options.format == "json"
          ? diff::write_json(difference)
          : diff::write_text(difference, width_of(output.fd()), colours_wanted(output.fd()))));
  TRIPTYCH_TRY(output.finish());
  const bool failed = options.fail_on == "slower" && difference.count(stats::Verdict::kSlower) > 0;
  return failed ? kExitDifferent : kExitOk;
}

}  // namespace

Command add_diff_command(CLI::App& app) {
  auto options = std::make_shared<DiffOptions>();
  CLI::App* self = app.add_subcommand("diff", "Compare two comparisons, or two reports");
  self->add_option("BEFORE", options->before, "JSON of triptych compare or triptych report")
      ->required();
  self->add_option("AFTER", options->after, "Another one of the same kind")->required();
  self->add_option("--fail-on", options->fail_on, "Exit with 5 when anything is slower")
      ->check(one_of({"slower"}));
  self->add_option("--format", options->format, "How: text for people, json for programs")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->add_option("-o,--output", options->output, "Write to this file, not to standard output");
  self->footer(kDiffExamples);
  return {self, [options] { return run_diff(*options); }};
}

}  // namespace triptych::cli
