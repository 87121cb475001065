// SPDX-License-Identifier: Apache-2.0
#include "compare/runner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "compare/child_output.hpp"
#include "compare/document.hpp"
#include "compare/interrupt.hpp"
#include "stats/random.hpp"
#include "workloads/run_arguments.hpp"

namespace triptych::compare {
namespace {

constexpr std::uint64_t kUntracedTimeoutNs = 120'000'000'000;
constexpr double kProbeNs = 2e6;  // a probe this long is long enough
constexpr int kProbes = 3;
constexpr std::uint64_t kRehearsedShare = 4;
constexpr int kRehearsals = 3;

}  // namespace

Runner::Runner(const Plan& plan, const std::string& program, std::optional<launch::User> become)
    : plan_(plan),
      directory_(program.substr(0, program.rfind('/') + 1)),
      become_(std::move(become)) {}

std::string Runner::title(const PlannedCell& cell) const {
  return fmt::format("{} {} {}", plan_.scenarios[cell.scenario].scenario->name,
                     workloads::name_of(cell.variant->model), cell.variant->name);
}

std::vector<std::string> Runner::words(const PlannedCell& cell,
                                       const workloads::RunOptions& options) const {
  workloads::RunArguments arguments;
  arguments.scenario = std::string(plan_.scenarios[cell.scenario].scenario->name);
  arguments.model = cell.variant->model;
  arguments.variant = std::string(cell.variant->name);
  arguments.settings = plan_.scenarios[cell.scenario].settings;
  arguments.options = options;
  if (cell.placement == Placement::kPinned) arguments.options.cpu = plan_.cpu;
  arguments.json = true;
  std::vector<std::string> all = arguments.to_words();
  all.insert(all.begin(), directory_ + kCellProgram);
  return all;
}

std::vector<std::string> Runner::recorded_words(const PlannedCell& cell,
                                                const workloads::RunOptions& options) const {
  std::vector<std::string> all = words(cell, options);
  if (cell.variant->model == workloads::Model::kCoroutine) {
    all.front() = directory_ + kCoroutineCellProgram;
  }
  return all;
}

Result<CellRun> Runner::run(const PlannedCell& cell, const workloads::RunOptions& options) const {
  ChildHelp help;
  // Who counts what the machine has needs its counters added up, for which root has to ask.
  help.refreshes_statistics =
      become_.has_value() && plan_.scenarios[cell.scenario].scenario->counted_once;
  TRIPTYCH_TRY_ASSIGN(const ChildOutput output,
                      run_child(words(cell, options), become_, kUntracedTimeoutNs, help));
  if (output.exit_status != 0 || output.timed_out) {
    return tl::unexpected<Error>(error_of(output, title(cell)));
  }
  TRIPTYCH_TRY_ASSIGN(CellRun run, parse_cell_run(output.out));
  run.wall_ns = output.wall_ns;
  return run;
}

Result<std::vector<std::optional<double>>> Runner::count_hardware(const PlannedCell& cell,
                                                                  const Size& size) const {
  std::vector<std::optional<double>> counts[2];
  for (const std::uint64_t operations : {std::uint64_t{0}, size.operations}) {
    workloads::RunOptions options;
    options.operations = operations;
    options.warm_up_operations = size.warm_up;
    std::optional<CounterSet> counters;
    ChildHelp help;
    help.before_exec = [&counters](pid_t task) { counters.emplace(task, hardware_counters()); };
    TRIPTYCH_TRY_ASSIGN(const ChildOutput output,
                        run_child(words(cell, options), become_, kUntracedTimeoutNs, help));
    if (output.exit_status != 0) return tl::unexpected<Error>(error_of(output, title(cell)));
    counts[operations == 0 ? 0 : 1] = counters->read();
  }
  std::vector<std::optional<double>> per_operation;
  for (std::size_t i = 0; i < counts[1].size(); ++i) {
    per_operation.emplace_back();
    if (!counts[0][i] || !counts[1][i]) continue;
    per_operation.back() =
        std::max(0.0, *counts[1][i] - *counts[0][i]) / static_cast<double>(size.operations);
  }
  return per_operation;
}

// The shortest of several runs: what else befalls one only makes it longer.
Result<CellRun> Runner::shortest_run(const PlannedCell& cell,
                                     const workloads::RunOptions& options) const {
  Result<CellRun> shortest = run(cell, options);
  for (int i = 1; i < kProbes && shortest; ++i) {
    if (static_cast<double>(shortest->elapsed_ns) < kProbeNs) break;
    TRIPTYCH_TRY_ASSIGN(CellRun another, run(cell, options));
    if (another.elapsed_ns < shortest->elapsed_ns) shortest = std::move(another);
  }
  return shortest;
}

// Runs that grow until one is long enough to tell what an operation costs.
void Runner::probe(const PlannedCell& cell, MeasuredCell* measured, Cost* cost) const {
  const workloads::Scenario& scenario = *plan_.scenarios[cell.scenario].scenario;
  cost->counted_once = scenario.counted_once;
  cost->repetitions = plan_.repetitions;
  cost->operation_ns = 1;
  if (scenario.counted_once) return;
  workloads::RunOptions options;
  options.operations = 1;
  while (true) {
    const Result<CellRun> result = shortest_run(cell, options);
    if (!result) {
      measured->refused = result.error().message;
      return;
    }
    const auto elapsed = static_cast<double>(result->elapsed_ns);
    cost->operation_ns = std::max(0.1, result->time_per_operation_ns());
    cost->fixed_ns = std::max(0.0, static_cast<double>(result->wall_ns) - elapsed);
    measured->operation_ns = cost->operation_ns;
    if (elapsed >= kProbeNs || options.operations >= scenario.default_operations) return;
    // The first operations are dearer than those that follow, so grow faster than they say.
    const double wanted = 2 * kProbeNs / cost->operation_ns;
    options.operations = std::clamp<std::uint64_t>(
        static_cast<std::uint64_t>(wanted), options.operations * 8,
        std::max<std::uint64_t>(scenario.default_operations, options.operations * 8));
  }
}

// Two tasks that wake each other begin on one CPU, and the scheduler takes milliseconds to move
// them apart: only then it shows that a wakeup of another CPU costs twenty times as much.
void Runner::rehearse(const PlannedCell& cell, const Size& size, Cost* cost) const {
  workloads::RunOptions options;
  options.operations = size.operations / kRehearsedShare;
  const double expected_ns = static_cast<double>(options.operations) * cost->operation_ns;
  const bool tells_more = expected_ns >= 2 * kProbeNs && !cost->counted_once;
  if (cell.placement == Placement::kPinned || !tells_more) return;
  for (int attempt = 0; attempt < kRehearsals; ++attempt) {
    const Result<CellRun> result = run(cell, options);
    if (!result) return;
    cost->operation_ns = std::max(cost->operation_ns, result->time_per_operation_ns());
    if (static_cast<double>(result->elapsed_ns) > 2 * expected_ns) return;
  }
}

void Runner::choose_sizes(std::uint64_t after_ns, std::vector<MeasuredCell>* measured,
                          std::vector<Cost>* costs, Progress& progress) const {
  const std::uint64_t start_ns = monotonic_ns();
  const auto left_ns = [&] {
    return plan_.untraced_ns - std::min(plan_.untraced_ns, monotonic_ns() - start_ns);
  };
  const std::size_t count = plan_.cells.size();
  for (std::size_t i = 0; i < count && interrupted() == 0; ++i) {
    progress.show("sizing " + title(plan_.cells[i]), left_ns() + after_ns);
    probe(plan_.cells[i], &(*measured)[i], &(*costs)[i]);
  }
  const std::vector<Size> first = size_runs(*costs, left_ns());
  for (std::size_t i = 0; i < count && interrupted() == 0; ++i) {
    if (!(*measured)[i].refused.empty()) continue;
    progress.show("rehearsing " + title(plan_.cells[i]), left_ns() + after_ns);
    rehearse(plan_.cells[i], first[i], &(*costs)[i]);
  }
  const std::vector<Size> sizes = size_runs(*costs, left_ns());
  for (std::size_t i = 0; i < count; ++i) (*measured)[i].size = sizes[i];
}

void Runner::measure_once(const PlannedCell& cell, Cost* cost, MeasuredCell* measured) const {
  workloads::RunOptions options;
  options.operations = measured->size.operations;
  options.warm_up_operations = measured->size.warm_up;
  Result<CellRun> result = run(cell, options);
  if (!result) {
    measured->refused = result.error().message;
    measured->runs.clear();
    return;
  }
  const double taken_ns = result->time_per_operation_ns();
  const std::optional<Size> other = corrected(measured->size, *cost, taken_ns);
  if (other) {
    if (other->operations > measured->size.operations) ++cost->growths;
    cost->operation_ns = taken_ns;
    measured->size = *other;
    measured->runs.clear();
    return;
  }
  measured->runs.push_back(std::move(*result));
}

std::vector<MeasuredCell> Runner::measure(std::uint64_t seed, std::uint64_t after_ns,
                                          Progress& progress) const {
  const std::size_t count = plan_.cells.size();
  std::vector<MeasuredCell> measured(count);
  std::vector<Cost> costs(count);
  choose_sizes(after_ns, &measured, &costs, progress);

  stats::Random random(seed);
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  const auto missing = [&](std::size_t index) -> std::size_t {
    if (!measured[index].refused.empty()) return 0;
    return (costs[index].counted_once ? 1 : plan_.repetitions) - measured[index].runs.size();
  };
  const auto left_ns = [&] {
    double left = static_cast<double>(after_ns);
    for (const std::size_t index : order) {
      left += static_cast<double>(missing(index)) * run_ns(costs[index], measured[index].size);
    }
    return static_cast<std::uint64_t>(left);
  };
  while (std::any_of(order.begin(), order.end(), missing)) {
    random.shuffle(order);
    for (const std::size_t index : order) {
      if (interrupted() != 0) return measured;
      if (missing(index) == 0) continue;
      progress.show("measuring " + title(plan_.cells[index]), left_ns());
      measure_once(plan_.cells[index], &costs[index], &measured[index]);
    }
  }
  return measured;
}

}  // namespace triptych::compare
