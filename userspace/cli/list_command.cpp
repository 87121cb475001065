// SPDX-License-Identifier: Apache-2.0
//
// triptych list: the workloads that there are, what they do and what can be set.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "workloads/registry.hpp"

namespace triptych::cli {
namespace {

using workloads::Parameter;
using workloads::ParameterKind;
using workloads::Scenario;
using workloads::Variant;

std::string limits_of(const Parameter& parameter) {
  if (parameter.kind == ParameterKind::kChoice) {
    return fmt::format("{}", fmt::join(parameter.choices, "|"));
  }
  return fmt::format("{}…{}", to_text(parameter, parameter.minimum),
                     to_text(parameter, parameter.maximum));
}

std::string describe(const Scenario& scenario) {
  std::string text =
      fmt::format("{}\n  operation  {}\n  alike      {}\n  different  {}\n", scenario.name,
                  scenario.operation, scenario.alike, scenario.different);
  for (const Variant& variant : scenario.variants) {
    text += fmt::format("  {:<10} {:<14} {}\n", workloads::name_of(variant.model), variant.name,
                        variant.summary);
  }
  for (const Parameter& parameter : scenario.parameters) {
    text += fmt::format("  --set {}={}   ({})\n             {}\n", parameter.key,
                        to_text(parameter, parameter.default_value), limits_of(parameter),
                        parameter.summary);
  }
  return text;
}

Result<int> run_list(const std::string& name) {
  std::string text;
  for (const Scenario& scenario : workloads::scenarios()) {
    if (!name.empty() && scenario.name != name) continue;
    if (!text.empty()) text += "\n";
    text += describe(scenario);
  }
  if (text.empty()) {
    return fail(fmt::format("there is no scenario {}", quote(name)), "triptych list",
                ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open("", ""));
  TRIPTYCH_TRY(output.write(text));
  TRIPTYCH_TRY(output.finish());
  return kExitOk;
}

}  // namespace

Command add_list_command(CLI::App& app) {
  auto scenario = std::make_shared<std::string>();
  CLI::App* self =
      app.add_subcommand("list", "List the built-in workloads: models, variants, parameters");
  self->add_option("SCENARIO", *scenario, "Only this one");
  return {self, [scenario] { return run_list(*scenario); }};
}

}  // namespace triptych::cli
