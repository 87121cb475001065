// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <nlohmann/json.hpp>

#include "workloads/run.hpp"

namespace triptych::workloads {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no word for what is not a number.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json usage_to_json(const Usage& usage) {
  return {{"user_ns", usage.user_ns},
          {"system_ns", usage.system_ns},
          {"voluntary_switches", usage.voluntary_switches},
          {"involuntary_switches", usage.involuntary_switches},
          {"minor_faults", usage.minor_faults},
          {"major_faults", usage.major_faults}};
}

}  // namespace

std::string to_json(const Scenario& scenario, const Variant& variant, const Parameters& parameters,
                    const RunResult& result) {
  Json settings = Json::object();
  for (const auto& [key, text] : parameters.as_text()) settings[std::string(key)] = text;
  Json metrics = Json::array();
  for (const Metric& metric : result.metrics) {
    metrics.push_back({{"name", metric.name},
                       {"unit", metric.unit},
                       {"value", number(metric.value)},
                       {"source", metric.source}});
  }
  const Json run = {{"schema", "triptych.run/1"},
                    {"scenario", scenario.name},
                    {"model", name_of(variant.model)},
                    {"variant", variant.name},
                    {"parameters", settings},
                    {"operations", result.operations},
                    {"elapsed_ns", result.elapsed_ns},
                    {"usage", usage_to_json(result.usage)},
                    {"coroutine_switches", result.coroutine_switches},
                    {"metrics", metrics},
                    {"notes", result.notes}};
  return run.dump(2) + "\n";
}

}  // namespace triptych::workloads
