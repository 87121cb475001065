// SPDX-License-Identifier: Apache-2.0
//
// Documents to test with: built by hand, with figures that can be checked by hand.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compare/document.hpp"

namespace triptych::compare::test {

inline Figure time_figure(double ns, std::size_t values = 10) {
  Figure figure;
  figure.name = kTime;
  figure.unit = "ns";
  figure.source = "clock";
  // A spread of 0.9 % around the median.
  for (std::size_t i = 0; i < values; ++i) {
    const double place = static_cast<double>(i) - static_cast<double>(values - 1) / 2;
    figure.values.push_back(ns * (1 + 0.001 * place));
  }
  figure.median = ns;
  figure.interval = {ns * 0.997, ns * 1.003};
  return figure;
}

inline Figure single_figure(std::string name, std::string unit, double value) {
  Figure figure;
  figure.name = std::move(name);
  figure.unit = std::move(unit);
  figure.source = "counted";
  figure.values = {value};
  figure.median = value;
  figure.interval = {value, value};
  return figure;
}

inline CellResult make_cell(std::size_t scenario, std::string model, std::string variant,
                            Placement placement, double ns) {
  CellResult cell;
  cell.scenario = scenario;
  cell.model = std::move(model);
  cell.variant = std::move(variant);
  cell.placement = placement;
  cell.operations = 1000;
  cell.warm_up = 100;
  if (ns > 0) cell.figures.push_back(time_figure(ns));
  return cell;
}

inline void record(CellResult& cell, const std::vector<std::pair<std::string, double>>& figures) {
  TracedCell traced;
  traced.operations = 100;
  traced.time_per_operation_ns = cell.figures.empty() ? 0 : cell.figures[0].median * 1.2;
  for (const auto& [name, value] : figures) {
    const bool time = name == "creating_call" || name == "child_teardown" || name == "cow_time" ||
                      name == "memory_copy_time" || name == "run_queue_delay";
    traced.figures.push_back({name,
                              time                         ? "ns"
                              : name == "cow_copied_bytes" ? "bytes"
                                                           : "1",
                              "hook", value});
  }
  cell.traced = std::move(traced);
}

inline ScenarioResult make_scenario(std::string name, std::string label = {}) {
  ScenarioResult scenario;
  scenario.name = std::move(name);
  scenario.operation = "do it once";
  scenario.alike = "the same";
  scenario.different = "not the same";
  scenario.label = std::move(label);
  scenario.parameters = {{"units", "2"}};
  return scenario;
}

// One scenario `create` with a forked process, a thread and a coroutine, pinned, recorded.
inline Document create_document() {
  Document document;
  document.tool_version = "0.1.0";
  document.command_line = {"triptych", "compare", "create"};
  document.started = "2024-02-29T12:00:00Z";
  document.elapsed_ns = 12'000'000'000;
  document.effort = "default";
  document.repetitions = 10;
  document.pinned_cpu = 1;
  document.environment.machine.kernel = "6.18.0";
  document.environment.machine.machine = "x86_64";
  document.environment.machine.cpu_model = "Some CPU";
  document.environment.machine.cpus = 2;
  document.environment.usable_cpus = 2;
  document.environment.memory_bytes = std::uint64_t{8} << 30;
  document.environment.transparent_huge_pages = "madvise";
  document.statistics.resamples = 2000;
  document.statistics.seed = 7;
  document.event_costs = {{"context switch", 200, 20, 8, {}}};
  document.scenarios = {make_scenario("create")};
  document.cells.push_back(make_cell(0, "process", "fork", Placement::kPinned, 412'000));
  record(document.cells[0], {{"voluntary_switches", 2},
                             {"processes_created", 1},
                             {"page_table_pages", 1031},
                             {"creating_call", 200'000},
                             {"child_teardown", 100'000}});
  document.cells.push_back(make_cell(0, "thread", "default", Placement::kPinned, 16'000));
  record(document.cells[1], {{"voluntary_switches", 2}, {"threads_created", 1}});
  document.cells.push_back(make_cell(0, "coroutine", "stackless", Placement::kPinned, 13));
  record(document.cells[2], {{"coroutine_switches", 2}});
  return document;
}

}  // namespace triptych::compare::test
