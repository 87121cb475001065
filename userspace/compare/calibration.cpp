// SPDX-License-Identifier: Apache-2.0
#include "compare/calibration.hpp"

#include <algorithm>
#include <cmath>

#include "compare/recorded_batch.hpp"
#include "compare/traced.hpp"
#include "stats/rank_sum.hpp"

namespace triptych::compare {
namespace {

struct Known {
  const char* event;
  const char* scenario;
  const char* variant;
  const char* setting;
  std::uint64_t operations;
};

// Each is mostly of one kind of event, and of kinds that stand before it.
constexpr Known kKnown[] = {
    {kSwitchEvent, "switch", "default", "units=2", 4000},
    {kFaultEvent, "cow", "fork", "child=1", 2},
    {kCoroutineEvent, "switch", "stackless", "units=2", 5000},
    {kThreadEvent, "create", "default", "resident=0", 500},
    {kProcessEvent, "create", "fork", "resident=0", 100},
};

struct Prepared {
  Plan plan;  // one cell
  Known known;
};

// A scenario that is not there is one kind of event less.
std::vector<Prepared> prepare(unsigned cpu) {
  std::vector<Prepared> prepared;
  for (const Known& known : kKnown) {
    Options options;
    options.scenarios = {known.scenario};
    options.settings = {known.setting};
    Result<Plan> plan = make_plan(options, cpu);
    if (!plan) continue;
    const auto wanted =
        std::find_if(plan->cells.begin(), plan->cells.end(), [&known](const PlannedCell& cell) {
          return cell.placement == Placement::kPinned && cell.variant->name == known.variant;
        });
    if (wanted == plan->cells.end()) continue;
    plan->cells = {*wanted};
    prepared.push_back({std::move(*plan), known});
  }
  return prepared;
}

workloads::RunOptions options_of(const Known& known) {
  workloads::RunOptions options;
  options.operations = known.operations;
  options.warm_up_operations = std::max<std::uint64_t>(1, known.operations / 10);
  options.control = true;
  return options;
}

double half_width(const stats::Interval& interval, const std::vector<double>& values) {
  if (std::isfinite(interval.low)) return (interval.high - interval.low) / 2;
  // Too few for an interval: all that they could be.
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return *high - *low;
}

Result<void> run_untraced(const Prepared& each, const Runner& runner, unsigned times,
                          CalibrationRuns* runs) {
  for (unsigned i = 0; i < times; ++i) {
    TRIPTYCH_TRY_ASSIGN(const CellRun run, runner.run(each.plan.cells[0], options_of(each.known)));
    runs->untraced_ns.push_back(run.time_per_operation_ns());
  }
  return {};
}

}  // namespace

CostEstimate estimate(const std::map<std::string, double>& rates,
                      const std::vector<EventCost>& costs) {
  CostEstimate total;
  double squares = 0;
  for (const EventCost& cost : costs) {
    const auto rate = rates.find(cost.event);
    if (rate == rates.end()) continue;
    total.ns += rate->second * cost.ns;
    const double drift_ns = cost.held() ? 0 : cost.drift_ns();
    squares += std::pow(rate->second * std::hypot(cost.uncertainty_ns, drift_ns), 2);
  }
  total.uncertainty_ns = std::sqrt(squares);
  return total;
}

std::vector<EventCost> event_costs(const std::vector<CalibrationRuns>& runs) {
  std::vector<EventCost> costs;
  for (const CalibrationRuns& each : runs) {
    const auto rate = each.rates.find(each.event);
    if (rate == each.rates.end() || !(rate->second > 0) || each.traced_ns.empty() ||
        each.untraced_ns.empty()) {
      continue;
    }
    std::map<std::string, double> others = each.rates;
    others.erase(each.event);
    const CostEstimate known = estimate(others, costs);
    const double added = stats::shift(each.traced_ns, each.untraced_ns);
    const double width =
        half_width(stats::shift_interval(each.traced_ns, each.untraced_ns, 0.95), each.traced_ns);
    EventCost cost;
    cost.event = each.event;
    cost.ns = (added - known.ns) / rate->second;
    cost.uncertainty_ns = std::hypot(width, known.uncertainty_ns) / rate->second;
    cost.pairs = each.traced_ns.size();
    costs.push_back(std::move(cost));
  }
  return costs;
}

void check(const std::vector<EventCost>& again, std::vector<EventCost>* costs) {
  for (EventCost& cost : *costs) {
    const auto same = std::find_if(again.begin(), again.end(), [&cost](const EventCost& each) {
      return each.event == cost.event;
    });
    if (same != again.end()) cost.at_end = {same->ns, same->uncertainty_ns};
  }
}

// Half of the untraced runs before the recording and half after it, so that a drift of the machine
// is not taken for its cost.
Result<std::vector<EventCost>> calibrate(const std::string& program,
                                         const std::optional<launch::User>& become, unsigned cpu,
                                         unsigned pairs, Progress& progress) {
  progress.show("calibrating the tracer", 1'000'000'000);
  const std::vector<Prepared> prepared = prepare(cpu);
  TRIPTYCH_TRY_ASSIGN(const TraceDirectory directory, TraceDirectory::open("", become));
  std::vector<CalibrationRuns> all;
  std::vector<std::vector<std::string>> commands;
  for (const Prepared& each : prepared) {
    const Runner runner(each.plan, program, become);
    CalibrationRuns runs;
    runs.event = each.known.event;
    TRIPTYCH_TRY(run_untraced(each, runner, pairs / 2, &runs));
    for (unsigned i = 0; i < pairs; ++i) {
      commands.push_back(runner.recorded_words(each.plan.cells[0], options_of(each.known)));
    }
    all.push_back(std::move(runs));
  }
  TRIPTYCH_TRY_ASSIGN(const RecordedBatch batch,
                      record_batch(program, commands, directory.path() + "/known.tpt", false));
  for (std::size_t i = 0; i < batch.cells.size(); ++i) {
    const RecordedCell& cell = batch.cells[i];
    if (!cell.run) return fail("calibrating the tracer: " + cell.failure);
    CalibrationRuns& runs = all[i / pairs];
    runs.traced_ns.push_back(cell.run->time_per_operation_ns());
    runs.rates = event_rates(make_traced(*cell.run, cell.windows));
  }
  for (std::size_t i = 0; i < prepared.size(); ++i) {
    const Runner runner(prepared[i].plan, program, become);
    TRIPTYCH_TRY(run_untraced(prepared[i], runner, pairs - pairs / 2, &all[i]));
  }
  return event_costs(all);
}

}  // namespace triptych::compare
