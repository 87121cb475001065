// SPDX-License-Identifier: Apache-2.0
//
// triptych.compare/1: the repetitions of each figure, and the counts of the recorded runs.
#include <fmt/format.h>

#include <cmath>

#include "diff/documents.hpp"

namespace triptych::diff {
namespace {

using nlohmann::json;

bool is_cost(const std::string& unit, const std::string& name) {
  return unit == "ns" || (unit == "bytes" && name.find("_per_") != std::string::npos);
}

void add_figure(const json& figure, const std::string& cell, Input* input) {
  const std::string name = text_of(figure, "name");
  Metric metric{fmt::format("{}: {}", cell, name), text_of(figure, "unit"), {}};
  const json* values = member(figure, "values");
  if (values == nullptr || !values->is_array() || !is_cost(metric.unit, name)) return;
  for (const json& value : *values) {
    if (value.is_number()) metric.values.push_back(value.get<double>());
  }
  if (!metric.values.empty()) input->metrics.push_back(std::move(metric));
}

void add_traced(const json& traced, const std::string& cell, Input* input) {
  const json* figures = member(traced, "figures");
  if (figures == nullptr || !figures->is_array()) return;
  for (const json& figure : *figures) {
    const json* value = member(figure, "value");
    if (value == nullptr || !value->is_number()) continue;
    input->metrics.push_back({fmt::format("{}: recorded {}", cell, text_of(figure, "name")),
                              text_of(figure, "unit"),
                              {value->get<double>()}});
  }
}

void add_cell(const json& cell, Input* input) {
  const std::string label = text_of(cell, "label");
  const std::string name =
      fmt::format("{}{}{} {} {}, {}", text_of(cell, "scenario"), label.empty() ? "" : " ", label,
                  text_of(cell, "model"), text_of(cell, "variant"), text_of(cell, "placement"));
  if (const json* figures = member(cell, "figures"); figures != nullptr && figures->is_array()) {
    for (const json& figure : *figures) add_figure(figure, name, input);
  }
  if (const json* traced = member(cell, "traced")) add_traced(*traced, name, input);
}

// The load at the start is another one each time; it matters where other programs were at work.
void add_environment(const json& file, Input* input) {
  const json* environment = member(file, "environment");
  if (environment == nullptr || !environment->is_object()) return;
  json kept = *environment;
  kept.erase("load");
  add_circumstances(kept, "", input);
  const json* load = member(*environment, "load");
  const json* cpus = member(*environment, "cpus");
  if (load == nullptr || cpus == nullptr || !load->is_number() || !cpus->is_number()) return;
  if (load->get<double>() <= 0.5 * cpus->get<double>()) return;
  input->circumstances.emplace_back("work of other programs before",
                                    fmt::format("{:.1f} CPUs", load->get<double>()));
}

}  // namespace

void read_compare(const json& file, Input* input) {
  add_environment(file, input);
  input->circumstances.emplace_back("effort", text_of(file, "effort"));
  if (const json* scenarios = member(file, "scenarios");
      scenarios != nullptr && scenarios->is_array()) {
    for (const json& scenario : *scenarios) {
      const json* parameters = member(scenario, "parameters");
      if (parameters == nullptr || !text_of(scenario, "label").empty()) continue;
      add_circumstances(*parameters, text_of(scenario, "name"), input);
    }
  }
  const json* cells = member(file, "cells");
  if (cells == nullptr || !cells->is_array()) return;
  for (const json& cell : *cells) add_cell(cell, input);
}

}  // namespace triptych::diff
