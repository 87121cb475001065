// SPDX-License-Identifier: Apache-2.0
#include "workloads/run.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <triptych/mark.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "workloads/support/thread_usage.hpp"
#include "workloads/support/visible.hpp"

namespace triptych::workloads {
namespace {

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

void add(Usage* usage, int who) {
  rusage counted{};
  ::getrusage(who, &counted);
  usage->user_ns += to_ns(counted.ru_utime);
  usage->system_ns += to_ns(counted.ru_stime);
  usage->voluntary_switches += static_cast<std::uint64_t>(counted.ru_nvcsw);
  usage->involuntary_switches += static_cast<std::uint64_t>(counted.ru_nivcsw);
  usage->minor_faults += static_cast<std::uint64_t>(counted.ru_minflt);
  usage->major_faults += static_cast<std::uint64_t>(counted.ru_majflt);
}

Usage usage_now(const Cell& cell) {
  Usage usage = cell.usage_of_living_processes();
  add(&usage, RUSAGE_SELF);
  add(&usage, RUSAGE_CHILDREN);
  return usage;
}

Result<void> pin(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < CPU_SETSIZE) CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof(set), &set) == 0) return {};
  return fail_errno(fmt::format("cannot run on CPU {} alone", cpu), errno,
                    "the CPUs that may be used: grep Cpus_allowed_list /proc/self/status");
}

Result<void> check_options(const Scenario& scenario, const RunOptions& options) {
  if (!scenario.counted_once) return {};
  if (options.seconds > 0) {
    return fail(fmt::format("{} is counted once: it cannot be run for a time", scenario.name),
                "say --iterations, or neither", ErrorCode::kUsage);
  }
  if (options.warm_up_operations > 0) {
    return fail(fmt::format("{} is counted once: it has no warm-up", scenario.name), {},
                ErrorCode::kUsage);
  }
  return {};
}

// What putting the cell back took, which is not the operations'.
struct Aside {
  std::uint64_t elapsed_ns = 0;
  Usage usage;
};

void put_back(Cell& cell, Aside* aside) {
  const std::uint64_t start = now_ns();
  const Usage before = usage_now(cell);
  cell.restore();
  aside->usage += usage_now(cell) - before;
  aside->elapsed_ns += now_ns() - start;
}

Result<void> run_operations(Cell& cell, std::uint64_t operations, Aside* aside) {
  if (!cell.needs_restoring() || operations == 0) return cell.run(operations);
  for (std::uint64_t i = 0; i < operations; ++i) {
    put_back(cell, aside);
    TRIPTYCH_TRY(cell.run(1));
  }
  return {};
}

// Batches that grow, so that what a run costs beside its operations fades, but not past the end:
// the last one is what the speed so far promises to fit.
Result<std::uint64_t> run_for(Cell& cell, double seconds, Aside* aside) {
  const auto budget_ns = static_cast<std::uint64_t>(seconds * 1e9);
  const std::uint64_t start = now_ns();
  std::uint64_t done = 0;
  std::uint64_t batch = 1;
  while (true) {
    TRIPTYCH_TRY(run_operations(cell, batch, aside));
    done += batch;
    const std::uint64_t elapsed = now_ns() - start;
    if (elapsed >= budget_ns) return done;
    const double per_operation = static_cast<double>(elapsed) / static_cast<double>(done);
    const double room = static_cast<double>(budget_ns - elapsed) / std::max(per_operation, 0.1);
    batch = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(room), 1, 2 * batch);
  }
}

Result<std::uint64_t> run_measured(Cell& cell, const RunOptions& options, Aside* aside) {
  if (options.seconds > 0) return run_for(cell, options.seconds, aside);
  TRIPTYCH_TRY(run_operations(cell, options.operations, aside));
  return options.operations;
}

// The control run goes this way too, so that it differs in nothing but the operations.
Result<std::uint64_t> run_between(const char* begin_mark, const char* end_mark, Cell& cell,
                                  const RunOptions& options, RunResult* result) {
  Aside aside;
  const Usage usage_before = usage_now(cell);
  triptych_mark_point(begin_mark);
  stand_off_from_mark();
  const std::uint64_t start = now_ns();
  Result<std::uint64_t> done = run_measured(cell, options, &aside);
  result->elapsed_ns = now_ns() - start - aside.elapsed_ns;
  stand_off_from_mark();
  triptych_mark_point(end_mark);
  result->usage = usage_now(cell) - usage_before - aside.usage;
  return done;
}

}  // namespace

Result<RunResult> run_cell(const Scenario& scenario, const Variant& variant,
                           const Parameters& parameters, const RunOptions& options) {
  TRIPTYCH_TRY(check_options(scenario, options));
  if (options.cpu) TRIPTYCH_TRY(pin(*options.cpu));
  TRIPTYCH_TRY_ASSIGN(const std::unique_ptr<Cell> cell, variant.make(parameters));
  if (options.warm_up_operations > 0) {
    Aside aside;  // nothing of the warm-up counts
    TRIPTYCH_TRY(run_operations(*cell, options.warm_up_operations, &aside));
  }
  RunResult result;
  static_cast<void>(now_ns());  // so that the clock's page is there
  if (options.control) {
    TRIPTYCH_TRY(run_between(kControlBeginMark, kControlEndMark, *cell, {}, &result));
  }
  const std::uint64_t switches_before = cell->coroutine_switches();
  TRIPTYCH_TRY_ASSIGN(result.operations,
                      run_between(kBeginMark, kEndMark, *cell, options, &result));
  result.coroutine_switches = cell->coroutine_switches() - switches_before;
  result.metrics = cell->metrics();
  result.notes = cell->notes();
  return result;
}

}  // namespace triptych::workloads
