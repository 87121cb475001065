// SPDX-License-Identifier: Apache-2.0
#include "compare/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "base/clock.hpp"
#include "compare/calibration.hpp"
#include "compare/explain.hpp"
#include "compare/figures.hpp"
#include "compare/interrupt.hpp"
#include "compare/ladder.hpp"
#include "compare/progress.hpp"
#include "compare/runner.hpp"
#include "compare/traced.hpp"
#include "launch/user.hpp"

namespace triptych::compare {
namespace {

constexpr std::uint32_t kResamples = 2000;
constexpr std::uint64_t kTracingNs = 7'000'000'000;  // for the progress line

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

// Root by sudo runs the cells as whoever called it, as `record` does.
Result<std::optional<launch::User>> user_of_cells() {
  TRIPTYCH_TRY_ASSIGN(launch::User caller, launch::calling_user());
  if (::geteuid() != 0 || caller.uid == 0) return std::nullopt;
  return caller;
}

std::vector<ScenarioResult> describe_scenarios(const Plan& plan) {
  std::vector<ScenarioResult> results;
  for (const PlannedScenario& planned : plan.scenarios) {
    ScenarioResult result;
    result.name = planned.scenario->name;
    result.label = planned.label;
    result.operation = planned.scenario->operation;
    result.alike = planned.scenario->alike;
    result.different = planned.scenario->different;
    result.counted_once = planned.scenario->counted_once;
    for (const auto& [key, value] : planned.parameters.as_text()) {
      result.parameters.emplace_back(key, value);
    }
    results.push_back(std::move(result));
  }
  return results;
}

struct Remark {
  std::string who, what;
};

// What several cells remark is said once. Pinned cells lack CPUs because we took them away: they
// have nothing to remark.
std::vector<Remark> remarks_of(const Document& document, const std::vector<MeasuredCell>& measured,
                               std::size_t scenario) {
  std::vector<Remark> remarks;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const CellResult& cell = document.cells[i];
    if (cell.scenario != scenario || cell.placement == Placement::kPinned) continue;
    if (measured[i].runs.empty()) continue;
    for (const std::string& note : measured[i].runs.front().notes) {
      const auto same = std::find_if(remarks.begin(), remarks.end(),
                                     [&note](const Remark& each) { return each.what == note; });
      if (same == remarks.end()) {
        remarks.push_back({cell.title(), note});
      } else {
        same->who += ", " + cell.title();
      }
    }
  }
  return remarks;
}

void add_remarks(const std::vector<MeasuredCell>& measured, Document* document) {
  for (std::size_t i = 0; i < document->scenarios.size(); ++i) {
    for (const Remark& remark : remarks_of(*document, measured, i)) {
      document->scenarios[i].remarks.push_back(fmt::format("{}: {}", remark.who, remark.what));
    }
  }
}

void add_cells(const Plan& plan, const std::vector<MeasuredCell>& measured, Document* document) {
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    const PlannedCell& planned = plan.cells[i];
    CellResult cell;
    cell.scenario = planned.scenario;
    cell.model = workloads::name_of(planned.variant->model);
    cell.variant = planned.variant->name;
    cell.placement = planned.placement;
    cell.operations = measured[i].size.operations;
    cell.warm_up = measured[i].size.warm_up;
    cell.refused = measured[i].refused;
    cell.figures = make_figures(measured[i].runs, document->statistics.level, kResamples,
                                document->statistics.seed);
    document->cells.push_back(std::move(cell));
  }
}

struct Tracing {
  double slice_ns;  // of operations in each recorded run
  unsigned pairs;   // of runs with and without recording, for each kind of event
};

Tracing tracing_of(Effort effort) {
  if (effort == Effort::kQuick) return {4e6, 5};
  if (effort == Effort::kDefault) return {15e6, 8};
  return {50e6, 20};
}

void add_expected_cost(const Document& document, TracedCell* traced) {
  if (document.event_costs.empty() || !costs_are_known(*traced)) return;
  const CostEstimate cost = estimate(event_rates(*traced), document.event_costs);
  traced->expected_cost_ns = cost.ns;
  traced->cost_uncertainty_ns = cost.uncertainty_ns;
}

void add_uncertainty(const CellResult& cell, TracedCell* traced) {
  const Figure* time = cell.figure(kTime);
  if (time == nullptr || time->values.size() < 2) return;
  double squares = 0;
  for (const double value : time->values) squares += std::pow(value - time->median, 2);
  traced->time_uncertainty_ns =
      2 * std::sqrt(squares / static_cast<double>(time->values.size() - 1));
}

// Before anything is timed, so that what tracing costs is known of the machine as it was found.
// What fails here takes nothing away from what is measured: the document says so.
void calibrate_at_start(const Options& options, const Runner& runner, std::uint64_t start_ns,
                        Progress& progress, Document* document) {
  Result<std::vector<EventCost>> costs =
      calibrate(options.program, runner.become(), runner.plan().cpu,
                tracing_of(options.effort).pairs, progress);
  if (!costs) {
    document->tracing_remarks.push_back(costs.error().message);
    return;
  }
  document->event_costs = std::move(*costs);
  document->calibrated_after_ns = monotonic_ns() - start_ns;
}

// Once more when all is done: whether the costs held meanwhile.
void check_at_end(const Options& options, const Runner& runner, std::uint64_t start_ns,
                  Progress& progress, Document* document) {
  if (document->event_costs.empty() || interrupted() != 0) return;
  const Result<std::vector<EventCost>> again =
      calibrate(options.program, runner.become(), runner.plan().cpu,
                tracing_of(options.effort).pairs, progress);
  if (!again) {
    document->tracing_remarks.push_back(again.error().message);
    return;
  }
  check(*again, &document->event_costs);
  document->checked_after_ns = monotonic_ns() - start_ns;
}

// A recording that fails takes nothing away from what was measured: the document says so.
void add_traced(const Options& options, const Runner& runner,
                const std::vector<MeasuredCell>& measured, std::uint64_t start_ns,
                Progress& progress, Document* document) {
  Result<TracedCells> traced = trace_cells(runner, measured, options.program, options.keep_traces,
                                           tracing_of(options.effort).slice_ns, progress);
  if (!traced) {
    document->why_untraced = traced.error().message;
    return;
  }
  for (std::string& failure : traced->failures) {
    document->tracing_remarks.push_back(std::move(failure));
  }
  check_at_end(options, runner, start_ns, progress, document);
  for (std::size_t i = 0; i < traced->cells.size(); ++i) {
    if (!traced->cells[i]) continue;
    add_expected_cost(*document, &*traced->cells[i]);
    add_uncertainty(document->cells[i], &*traced->cells[i]);
    document->cells[i].traced = std::move(traced->cells[i]);
  }
}

// In runs of their own, so that counting does not disturb what is timed.
void add_hardware(const Runner& runner, const std::vector<MeasuredCell>& measured,
                  Progress& progress, Document* document) {
  document->why_no_hardware = why_no_hardware();
  if (!document->why_no_hardware.empty()) return;
  for (std::size_t i = 0; i < document->cells.size() && interrupted() == 0; ++i) {
    CellResult& cell = document->cells[i];
    const bool counted_once = document->scenarios[cell.scenario].counted_once;
    if (cell.placement != Placement::kPinned || counted_once || !cell.refused.empty()) continue;
    progress.show("counting cycles of " + cell.title(), 1'000'000'000);
    const auto counts = runner.count_hardware(runner.plan().cells[i], measured[i].size);
    if (!counts) continue;
    for (std::size_t k = 0; k < counts->size(); ++k) {
      cell.hardware.push_back({hardware_counters()[k].name, (*counts)[k]});
    }
  }
}

Result<void> check_any(const std::vector<MeasuredCell>& measured) {
  const bool any = std::any_of(measured.begin(), measured.end(),
                               [](const MeasuredCell& cell) { return cell.refused.empty(); });
  if (any) return {};
  return fail(fmt::format("nothing could be measured: {}",
                          measured.empty() ? "no cell was chosen" : measured.front().refused));
}

}  // namespace

Result<Document> compare(const Options& options) {
  TRIPTYCH_TRY_ASSIGN(const Plan plan, make_plan(options, host::quietest_cpu()));
  TRIPTYCH_TRY_ASSIGN(const std::optional<launch::User> become, user_of_cells());
  const InterruptGuard guard;  // before the first thing that would be left behind
  if (options.traced) {        // that it can be written to shows now, not after a minute
    TRIPTYCH_TRY(TraceDirectory::open(options.keep_traces, become));
  }
  const std::uint64_t start_ns = monotonic_ns();
  Document document;
  document.tool_version = options.tool_version;
  document.command_line = options.command_line;
  document.started = utc_now();
  document.effort = name_of(options.effort);
  document.repetitions = plan.repetitions;
  document.pinned_cpu = plan.cpu;
  document.environment = host::describe_environment();
  document.why_untraced = options.why_untraced;
  document.statistics.resamples = kResamples;
  document.statistics.seed = 20240229;
  document.scenarios = describe_scenarios(plan);

  Progress progress;
  const Runner runner(plan, options.program, become);
  if (options.traced) calibrate_at_start(options, runner, start_ns, progress, &document);
  const std::vector<MeasuredCell> measured =
      runner.measure(document.statistics.seed, options.traced ? kTracingNs : 0, progress);
  if (interrupted() != 0) return fail("interrupted");
  TRIPTYCH_TRY(check_any(measured));
  add_cells(plan, measured, &document);
  add_remarks(measured, &document);
  decide(document);
  add_hardware(runner, measured, progress, &document);
  if (options.traced) {
    add_traced(options, runner, measured, start_ns, progress, &document);
  }
  if (interrupted() != 0) return fail("interrupted");
  explain(document);
  document.ladder = make_ladder(document);
  document.elapsed_ns = monotonic_ns() - start_ns;
  return document;
}

}  // namespace triptych::compare
