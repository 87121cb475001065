// SPDX-License-Identifier: Apache-2.0
#include "compare/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace triptych::compare {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no word for what is not a number.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json optional_number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

Json optional_count(const std::optional<std::uint64_t>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json interval_to_json(const stats::Interval& interval) {
  return Json::array({number(interval.low), number(interval.high)});
}

Json answer_to_json(const stats::Answer& answer) {
  return {{"ratio", optional_number(answer.ratio)},
          {"interval", answer.interval ? interval_to_json(*answer.interval) : Json(nullptr)},
          {"level", number(answer.level)},
          {"adjusted_p", number(answer.adjusted_p)},
          {"verdict", stats::name_of(answer.verdict)}};
}

Json figure_to_json(const Figure& figure) {
  Json values = Json::array();
  for (const double value : figure.values) values.push_back(number(value));
  return {{"name", figure.name},
          {"unit", figure.unit},
          {"source", figure.source},
          {"median", number(figure.median)},
          {"interval", interval_to_json(figure.interval)},
          {"values", std::move(values)},
          {"outliers", figure.outliers},
          {"against_reference", figure.against ? answer_to_json(*figure.against) : Json(nullptr)},
          {"against_pinned",
           figure.against_pinned ? answer_to_json(*figure.against_pinned) : Json(nullptr)},
          {"against_one_unit",
           figure.against_one_unit ? answer_to_json(*figure.against_one_unit) : Json(nullptr)},
          {"best", figure.best}};
}

Json traced_to_json(const TracedCell& traced) {
  Json figures = Json::array();
  for (const TracedFigure& figure : traced.figures) {
    figures.push_back({{"name", figure.name},
                       {"unit", figure.unit},
                       {"source", figure.source},
                       {"value", number(figure.value)}});
  }
  Json blocked = Json::object();
  for (const auto& [name, count] : traced.blocked_in) blocked[name] = number(count);
  return {{"operations", traced.operations},
          {"time_per_operation_ns", number(traced.time_per_operation_ns)},
          {"time_uncertainty_ns", optional_number(traced.time_uncertainty_ns)},
          {"lost_records", traced.lost},
          {"figures", std::move(figures)},
          {"blocked_in", std::move(blocked)},
          {"trace", traced.trace.empty() ? Json(nullptr) : Json(traced.trace)},
          {"expected_cost_ns", optional_number(traced.expected_cost_ns)},
          {"cost_uncertainty_ns", optional_number(traced.cost_uncertainty_ns)}};
}

Json cell_to_json(const Document& document, const CellResult& cell, bool is_reference) {
  Json figures = Json::array();
  for (const Figure& figure : cell.figures) figures.push_back(figure_to_json(figure));
  Json hardware = Json::object();
  for (const HardwareFigure& each : cell.hardware) {
    hardware[each.name] = optional_number(each.value);
  }
  return {{"scenario", document.scenarios[cell.scenario].name},
          {"label", document.scenarios[cell.scenario].label},
          {"model", cell.model},
          {"variant", cell.variant},
          {"placement", name_of(cell.placement)},
          {"reference", is_reference},
          {"operations", cell.operations},
          {"warm_up", cell.warm_up},
          {"refused", cell.refused.empty() ? Json(nullptr) : Json(cell.refused)},
          {"figures", std::move(figures)},
          {"hardware", std::move(hardware)},
          {"traced", cell.traced ? traced_to_json(*cell.traced) : Json(nullptr)}};
}

Json environment_to_json(const host::Environment& environment) {
  const model::Host& machine = environment.machine;
  return {{"kernel", machine.kernel},
          {"kernel_build", environment.build},
          {"machine", machine.machine},
          {"cpu_model", machine.cpu_model},
          {"cpus", machine.cpus},
          {"usable_cpus", environment.usable_cpus},
          {"memory_bytes", environment.memory_bytes},
          {"page_size", machine.page_size},
          {"virtual_machine", machine.virtual_machine},
          {"mitigations", environment.mitigations},
          {"transparent_huge_pages", environment.transparent_huge_pages},
          {"governor", environment.governor},
          {"clock_source", environment.clock_source},
          {"smt", environment.smt},
          {"aslr", environment.aslr},
          {"load", number(environment.load)}};
}

Json statistics_to_json(const Document& document) {
  const Statistics& statistics = document.statistics;
  return {{"repetitions", document.repetitions},
          {"unit_of_resampling", "process"},
          {"median_level", number(statistics.level)},
          {"median_interval", "percentile bootstrap"},
          {"resamples", statistics.resamples},
          {"seed", statistics.seed},
          {"ratio_interval", "Hodges-Lehmann, exact rank sums of the logarithms"},
          {"correction", "Holm"},
          {"alpha", number(statistics.rule.alpha)},
          {"threshold", number(statistics.rule.threshold)},
          {"hypotheses", statistics.hypotheses},
          {"too_few_repetitions", document.repetitions < kFewestRepetitions},
          {"timed_by", kCellProgram}};
}

Json scenario_to_json(const ScenarioResult& scenario) {
  Json parameters = Json::object();
  for (const auto& [key, value] : scenario.parameters) parameters[key] = value;
  return {{"name", scenario.name},
          {"label", scenario.label},
          {"operation", scenario.operation},
          {"alike", scenario.alike},
          {"different", scenario.different},
          {"counted_once", scenario.counted_once},
          {"parameters", std::move(parameters)},
          {"explanations", scenario.explanations},
          {"remarks", scenario.remarks}};
}

Json again_to_json(const EventCost& cost) {
  if (!cost.at_end) return nullptr;
  return {{"ns", number(cost.at_end->ns)}, {"uncertainty_ns", number(cost.at_end->uncertainty_ns)}};
}

Json tracing_to_json(const Document& document) {
  Json costs = Json::array();
  for (const EventCost& cost : document.event_costs) {
    costs.push_back({{"event", cost.event},
                     {"ns", number(cost.ns)},
                     {"uncertainty_ns", number(cost.uncertainty_ns)},
                     {"pairs", cost.pairs},
                     {"at_end", again_to_json(cost)},
                     {"held", cost.at_end ? Json(cost.held()) : Json(nullptr)}});
  }
  const bool traced = document.why_untraced.empty();
  return {{"traced", traced},
          {"why_not", traced ? Json(nullptr) : Json(document.why_untraced)},
          {"remarks", document.tracing_remarks},
          {"event_costs", std::move(costs)},
          {"calibrated_after_ns", optional_count(document.calibrated_after_ns)},
          {"checked_after_ns", optional_count(document.checked_after_ns)}};
}

bool is_reference(const Document& document, const CellResult& cell) {
  return reference_of(cells_of(document, cell.scenario, cell.placement)) == &cell;
}

}  // namespace

std::string write_json(const Document& document) {
  Json scenarios = Json::array();
  for (const ScenarioResult& each : document.scenarios) scenarios.push_back(scenario_to_json(each));
  Json cells = Json::array();
  for (const CellResult& cell : document.cells) {
    cells.push_back(cell_to_json(document, cell, is_reference(document, cell)));
  }
  Json ladder = Json::array();
  for (const Rung& rung : document.ladder) {
    ladder.push_back({{"question", rung.question}, {"answer", rung.answer}});
  }
  const Json all = {
      {"schema", kSchema},
      {"tool_version", document.tool_version},
      {"command_line", document.command_line},
      {"started", document.started},
      {"elapsed_ns", document.elapsed_ns},
      {"effort", document.effort},
      {"pinned_cpu", document.pinned_cpu},
      {"environment", environment_to_json(document.environment)},
      {"statistics", statistics_to_json(document)},
      {"tracing", tracing_to_json(document)},
      {"why_no_hardware",
       document.why_no_hardware.empty() ? Json(nullptr) : Json(document.why_no_hardware)},
      {"scenarios", std::move(scenarios)},
      {"cells", std::move(cells)},
      {"ladder", std::move(ladder)},
  };
  // What a run said may be any bytes: what is not UTF-8 is replaced.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace triptych::compare
