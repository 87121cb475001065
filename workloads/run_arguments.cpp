// SPDX-License-Identifier: Apache-2.0
#include "workloads/run_arguments.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/text.hpp"
#include "workloads/registry.hpp"

namespace triptych::workloads {
namespace {

constexpr std::string_view kSetting = "set:";

template <typename Number>
bool take(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool take_option(RunArguments* arguments, std::string_view key, std::string_view value) {
  RunOptions& options = arguments->options;
  if (key == "scenario") {
    arguments->scenario = value;
    return true;
  }
  if (key == "variant") {
    arguments->variant = value;
    return true;
  }
  if (key == "model") {
    const std::optional<Model> model = model_of(value);
    arguments->model = model.value_or(Model::kProcess);
    return model.has_value();
  }
  if (key == "operations") return take(value, &options.operations);
  if (key == "seconds") return take(value, &options.seconds);
  if (key == "warm-up") return take(value, &options.warm_up_operations);
  if (key == "cpu") return take(value, &options.cpu.emplace());
  bool* const flag = key == "control" ? &options.control : &arguments->json;
  *flag = value == "1";
  return key == "control" || key == "json";
}

}  // namespace

std::optional<Model> model_of(std::string_view name) {
  for (const Model model : {Model::kProcess, Model::kThread, Model::kCoroutine}) {
    if (name_of(model) == name) return model;
  }
  return std::nullopt;
}

std::vector<std::string> RunArguments::to_words() const {
  std::vector<std::string> words = {
      "scenario=" + scenario,
      fmt::format("model={}", name_of(model)),
      "variant=" + variant,
      fmt::format("operations={}", options.operations),
      fmt::format("seconds={}", options.seconds),
      fmt::format("warm-up={}", options.warm_up_operations),
      fmt::format("control={}", options.control ? 1 : 0),
      fmt::format("json={}", json ? 1 : 0),
  };
  if (options.cpu) words.push_back(fmt::format("cpu={}", *options.cpu));
  for (const std::string& setting : settings) words.push_back(std::string(kSetting) + setting);
  return words;
}

Result<RunArguments> RunArguments::parse(std::span<const std::string> words) {
  RunArguments arguments;
  for (const std::string& word : words) {
    const std::string_view text = word;
    if (text.starts_with(kSetting)) {
      arguments.settings.emplace_back(text.substr(kSetting.size()));
      continue;
    }
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string_view value = text.substr(std::min(equals + 1, text.size()));
    if (!take_option(&arguments, text.substr(0, equals), value)) {
      return fail(fmt::format("{} is no argument", quote(word)),
                  "this program is for triptych to start: say triptych run", ErrorCode::kUsage);
    }
  }
  return arguments;
}

Result<Selection> select(const RunArguments& arguments) {
  const Scenario* scenario = find_scenario(arguments.scenario);
  if (scenario == nullptr) {
    return fail(fmt::format("there is no scenario {}", quote(arguments.scenario)), "triptych list",
                ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(const Variant* variant,
                      find_variant(*scenario, arguments.model, arguments.variant));
  TRIPTYCH_TRY_ASSIGN(Parameters parameters,
                      Parameters::parse(scenario->parameters, arguments.settings));
  return Selection{scenario, variant, std::move(parameters)};
}

}  // namespace triptych::workloads
