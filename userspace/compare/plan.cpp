// SPDX-License-Identifier: Apache-2.0
#include "compare/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "workloads/registry.hpp"

namespace triptych::compare {
namespace {

using workloads::Scenario;

// Where a scenario's own default would leave out what the comparison is about, or take long.
std::vector<std::string> presets_of(const Scenario& scenario, Effort effort) {
  if (scenario.name == "create") return {"resident=16M"};  // a process that has done some work
  if (effort != Effort::kQuick) return {};
  if (scenario.name == "cpu") return {"work=4000000"};
  if (scenario.name == "io") return {"delay=5ms"};
  return {};
}

// A model's speed-up needs its time with one unit; with more units than CPUs it shows its limits.
std::vector<std::string> labels_of(const Scenario& scenario, Effort effort,
                                   const std::vector<std::string>& settings) {
  const bool chosen = std::any_of(settings.begin(), settings.end(), [](const std::string& each) {
    return each.starts_with("units=");
  });
  if (scenario.name != "cpu" || chosen) return {};
  std::vector<std::string> labels;
  for (const workloads::Parameter& parameter : scenario.parameters) {
    if (parameter.key != "units") continue;
    if (parameter.default_value > 1) labels.emplace_back("units=1");
    if (effort != Effort::kQuick) labels.push_back(fmt::format("units={}", parameter.maximum));
  }
  return labels;
}

struct Effect {
  unsigned repetitions;
  std::uint64_t seconds;  // for the untraced runs
};

Effect effect_of(Effort effort) {
  switch (effort) {
    case Effort::kQuick:
      return {10, 6};
    case Effort::kDefault:
      return {10, 50};
    case Effort::kThorough:
      break;
  }
  return {60, 720};
}

std::string names(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

Result<std::vector<const Scenario*>> choose_scenarios(const std::vector<std::string>& wanted) {
  std::vector<const Scenario*> chosen;
  std::vector<std::string> known;
  for (const Scenario& scenario : workloads::scenarios()) known.emplace_back(scenario.name);
  for (const std::string& name : wanted) {
    if (workloads::find_scenario(name) == nullptr) {
      return fail(fmt::format("there is no scenario {}", quote(name)),
                  fmt::format("there are: {}", names(known)), ErrorCode::kUsage);
    }
  }
  for (const Scenario& scenario : workloads::scenarios()) {
    const bool given = std::find(wanted.begin(), wanted.end(), scenario.name) != wanted.end();
    if (wanted.empty() || given) chosen.push_back(&scenario);
  }
  return chosen;
}

bool has_parameter(const Scenario& scenario, std::string_view key) {
  return std::any_of(scenario.parameters.begin(), scenario.parameters.end(),
                     [key](const workloads::Parameter& each) { return each.key == key; });
}

std::string_view key_of(std::string_view setting) {
  return setting.substr(0, setting.find('='));
}

Result<void> add_set(PlannedScenario set, const std::string& label,
                     std::vector<PlannedScenario>* planned) {
  set.label = label;
  if (!label.empty()) set.settings.push_back(label);
  TRIPTYCH_TRY_ASSIGN(set.parameters,
                      workloads::Parameters::parse(set.scenario->parameters, set.settings));
  planned->push_back(std::move(set));
  return {};
}

// A setting goes to every chosen scenario that knows its key.
Result<std::vector<PlannedScenario>> with_settings(const std::vector<const Scenario*>& chosen,
                                                   Effort effort,
                                                   const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    const bool known = std::any_of(
        chosen.begin(), chosen.end(),
        [&setting](const Scenario* scenario) { return has_parameter(*scenario, key_of(setting)); });
    if (!known || setting.find('=') == std::string::npos) {
      return fail(fmt::format("no chosen scenario has the parameter {}", quote(setting)),
                  "triptych list shows them; --set takes KEY=VALUE", ErrorCode::kUsage);
    }
  }
  std::vector<PlannedScenario> planned;
  for (const Scenario* scenario : chosen) {
    PlannedScenario each;
    each.scenario = scenario;
    each.settings = presets_of(*scenario, effort);
    for (const std::string& setting : settings) {
      if (has_parameter(*scenario, key_of(setting))) each.settings.push_back(setting);
    }
    const std::vector<std::string> labels = labels_of(*scenario, effort, each.settings);
    TRIPTYCH_TRY(add_set(each, {}, &planned));
    for (const std::string& label : labels) TRIPTYCH_TRY(add_set(each, label, &planned));
  }
  return planned;
}

Result<void> check_models(const std::vector<std::string>& models) {
  for (const std::string& model : models) {
    if (model == "process" || model == "thread" || model == "coroutine") continue;
    return fail(fmt::format("there is no model {}", quote(model)),
                "there are: process, thread, coroutine", ErrorCode::kUsage);
  }
  return {};
}

bool wanted(const std::vector<std::string>& models, workloads::Model model) {
  return models.empty() ||
         std::find(models.begin(), models.end(), workloads::name_of(model)) != models.end();
}

void add_cells(const Options& options, std::size_t index, Plan* plan) {
  const Scenario& scenario = *plan->scenarios[index].scenario;
  for (const Placement placement : {Placement::kPinned, Placement::kUnpinned}) {
    // Where the state is the result, there is nothing that placement could change.
    // Other numbers of units are about CPUs.
    const bool unpinned_only = scenario.counted_once || !plan->scenarios[index].label.empty();
    if (unpinned_only && placement == Placement::kPinned) continue;
    for (const workloads::Variant& variant : scenario.variants) {
      if (!wanted(options.models, variant.model)) continue;
      PlannedCell cell;
      cell.scenario = index;
      cell.variant = &variant;
      cell.placement = placement;
      cell.traced = options.traced && !scenario.counted_once && placement == Placement::kPinned;
      plan->cells.push_back(cell);
    }
  }
}

}  // namespace

std::string_view name_of(Effort effort) {
  switch (effort) {
    case Effort::kQuick:
      return "quick";
    case Effort::kDefault:
      return "default";
    case Effort::kThorough:
      break;
  }
  return "thorough";
}

std::string_view name_of(Placement placement) {
  return placement == Placement::kPinned ? "pinned" : "unpinned";
}

Result<Plan> make_plan(const Options& options, unsigned cpu) {
  TRIPTYCH_TRY(check_models(options.models));
  TRIPTYCH_TRY_ASSIGN(const std::vector<const Scenario*> chosen,
                      choose_scenarios(options.scenarios));
  Plan plan;
  TRIPTYCH_TRY_ASSIGN(plan.scenarios, with_settings(chosen, options.effort, options.settings));
  const Effect effect = effect_of(options.effort);
  plan.repetitions = options.repetitions.value_or(effect.repetitions);
  if (plan.repetitions < 1 || plan.repetitions > kMostRepetitions) {
    return fail(fmt::format("{} repetitions are not possible", plan.repetitions),
                fmt::format("--repetitions takes 1 to {}; differences show from about {} on",
                            kMostRepetitions, kFewestRepetitions),
                ErrorCode::kUsage);
  }
  plan.cpu = cpu;
  plan.untraced_ns = effect.seconds * kNsPerSecond;
  for (std::size_t i = 0; i < plan.scenarios.size(); ++i) add_cells(options, i, &plan);
  return plan;
}

}  // namespace triptych::compare
