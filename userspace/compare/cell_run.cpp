// SPDX-License-Identifier: Apache-2.0
#include "compare/cell_run.hpp"

#include <nlohmann/json.hpp>

namespace triptych::compare {
namespace {

using nlohmann::json;

std::uint64_t count_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return 0;
  return found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double share(std::uint64_t ns, std::uint64_t operations) {
  return operations == 0 ? 0 : static_cast<double>(ns) / static_cast<double>(operations);
}

}  // namespace

double CellRun::time_per_operation_ns() const {
  return share(elapsed_ns, operations);
}

double CellRun::cpu_per_operation_ns() const {
  return share(cpu_ns, operations);
}

std::optional<double> CellRun::metric(std::string_view name) const {
  for (const RunMetric& each : metrics) {
    if (each.name == name) return each.value;
  }
  return std::nullopt;
}

Result<CellRun> parse_cell_run(std::string_view text) {
  const json run = json::parse(text, nullptr, false);
  if (!run.is_object() || text_of(run, "schema") != "triptych.run/1") {
    return fail("a run did not say what it found");
  }
  CellRun result;
  result.operations = count_of(run, "operations");
  result.elapsed_ns = count_of(run, "elapsed_ns");
  result.coroutine_switches = count_of(run, "coroutine_switches");
  if (const auto usage = run.find("usage"); usage != run.end() && usage->is_object()) {
    result.cpu_ns = count_of(*usage, "user_ns") + count_of(*usage, "system_ns");
  }
  if (const auto notes = run.find("notes"); notes != run.end() && notes->is_array()) {
    for (const json& note : *notes) {
      if (note.is_string()) result.notes.push_back(note.get<std::string>());
    }
  }
  const auto metrics = run.find("metrics");
  if (metrics == run.end() || !metrics->is_array()) return result;
  for (const json& metric : *metrics) {
    const auto value = metric.find("value");
    if (value == metric.end() || !value->is_number()) continue;
    result.metrics.push_back({text_of(metric, "name"), text_of(metric, "unit"),
                              text_of(metric, "source"), value->get<double>()});
  }
  return result;
}

}  // namespace triptych::compare
