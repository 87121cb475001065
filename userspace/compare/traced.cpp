// SPDX-License-Identifier: Apache-2.0
#include "compare/traced.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.hpp"
#include "compare/calibration.hpp"
#include "compare/interrupt.hpp"

namespace triptych::compare {
namespace {

// Collects figures per operation, less the control run.
class PerOperation {
 public:
  explicit PerOperation(std::uint64_t operations)
      : operations_(static_cast<double>(std::max<std::uint64_t>(1, operations))) {}

  // Rare strangers (an interrupted control run) may leave less than nothing: that is nothing.
  [[nodiscard]] double rate(std::uint64_t measured, std::uint64_t control) const {
    return std::max(0.0, static_cast<double>(measured) - static_cast<double>(control)) /
           operations_;
  }
  void add(const char* name, const char* unit, const char* source, double value) {
    if (value > 0) figures_.push_back({name, unit, source, value});
  }
  void count(const char* name, const char* source, std::uint64_t measured, std::uint64_t control) {
    add(name, "1", source, rate(measured, control));
  }
  [[nodiscard]] std::vector<TracedFigure> take() { return std::move(figures_); }

 private:
  double operations_;
  std::vector<TracedFigure> figures_;
};

void add_scheduling(const WindowCounts& in, const WindowCounts& off, PerOperation* to) {
  constexpr const char* kSwitch = "sched_switch";
  to->count("voluntary_switches", kSwitch, in.switches.voluntary, off.switches.voluntary);
  to->count("involuntary_switches", kSwitch, in.switches.involuntary, off.switches.involuntary);
  to->count("address_space_switches", kSwitch, in.switches.mm_changes, off.switches.mm_changes);
  std::uint64_t blocked = 0, blocked_off = 0;
  for (const auto& [name, count] : in.blocking) blocked += count;
  for (const auto& [name, count] : off.blocking) blocked_off += count;
  to->count("blocking_calls", "sched_switch inside a system call", blocked, blocked_off);
  to->count("wakeups", "sched_wakeup", in.wakeups, off.wakeups);
  to->add("run_queue_delay", "ns", "sched_wakeup to sched_switch",
          to->rate(in.run_queue_ns, off.run_queue_ns));
}

void add_memory(const WindowCounts& in, const WindowCounts& off, PerOperation* to) {
  for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
    const auto kind = static_cast<analyze::FaultKind>(i);
    const std::string name = fmt::format("faults_{}", analyze::name_of(kind));
    to->count(name.c_str(), "page_fault and its completion", in.faults[i], off.faults[i]);
  }
  constexpr const char* kOfMemory = "faults that copied a page of the memory that the cell names";
  to->count("memory_copies", kOfMemory, in.memory_copies, off.memory_copies);
  to->add("memory_copy_time", "ns", kOfMemory, in.memory_copy.mean_ns());
  constexpr const char* kCopies = "faults that copied a page shared with another address space";
  to->count("cow_copies", kCopies, in.cow.copies, off.cow.copies);
  to->add("cow_copied_bytes", "bytes", kCopies, to->rate(in.cow.bytes, off.cow.bytes));
  to->add("cow_time", "ns", kCopies, to->rate(in.cow.time_ns, off.cow.time_ns));
}

void add_creation(const WindowCounts& in, const WindowCounts& off, PerOperation* to) {
  constexpr const char* kPhase = "task_newtask, sched_switch, sched_process_exit: mean of a child";
  to->count("processes_created", "task_newtask", in.processes, off.processes);
  to->count("threads_created", "task_newtask", in.threads, off.threads);
  to->count("page_table_pages", "page tables of the child at task_newtask", in.page_table_pages,
            off.page_table_pages);
  to->add("creating_call", "ns", "duration of the call in the parent", in.call.mean_ns());
  to->add("page_table_copy", "ns", "dup_mmap or copy_page_range", in.page_table_copy.mean_ns());
  to->add("first_run_delay", "ns", kPhase, in.first_run.mean_ns());
  to->add("child_run", "ns", kPhase, in.child.mean_ns());
  to->add("child_teardown", "ns", kPhase, in.teardown.mean_ns());
}

// What the program itself counted is what there is where its memory could not be had.
void add_coroutines(const CellRun& run, const CellWindows& windows, PerOperation* to) {
  constexpr const char* kName = "coroutine_switches";
  const std::uint64_t recorded = windows.measured.coroutine_switches;
  const std::uint64_t control = windows.control.coroutine_switches;
  if (recorded + control == 0) {
    to->count(kName, "counted by the program itself", run.coroutine_switches, 0);
  } else {
    to->count(kName, "the recorder in the program: resumptions", recorded, control);
  }
}

// The largest of 1, 2 and 5 times a power of ten that is not beyond; at least one.
std::uint64_t round_number(double fit) {
  if (fit < 2) return 1;
  const double power = std::pow(10, std::floor(std::log10(fit)));
  const double leading = fit / power;
  const double rounded = leading >= 5 ? 5 : leading >= 2 ? 2 : 1;
  return static_cast<std::uint64_t>(std::llround(rounded * power));
}

// With four events each they find room in a thread's ring, whoever is late to read it. To record
// and read a switch takes many times as long as the switch itself.
constexpr double kMostCoroutineSwitches = 200'000;
constexpr double kCoroutineSwitchNs = 200;

struct Batch {
  std::size_t scenario = 0;
  std::vector<std::size_t> cells;  // in the plan
};

std::vector<Batch> batches_of(const Plan& plan, const std::vector<MeasuredCell>& measured) {
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < plan.cells.size(); ++i) {
    if (!plan.cells[i].traced || !measured[i].refused.empty()) continue;
    if (batches.empty() || batches.back().scenario != plan.cells[i].scenario) {
      batches.push_back({plan.cells[i].scenario, {}});
    }
    batches.back().cells.push_back(i);
  }
  return batches;
}

// As many of a run's operations as find room, and time afterwards.
std::uint64_t recordable_operations(const std::vector<CellRun>& runs, double slice_ns) {
  if (runs.empty() || runs.front().coroutine_switches == 0) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  const double switches = static_cast<double>(runs.front().coroutine_switches) /
                          static_cast<double>(std::max<std::uint64_t>(1, runs.front().operations));
  return round_number(std::min(kMostCoroutineSwitches, slice_ns / kCoroutineSwitchNs) / switches);
}

std::vector<std::vector<std::string>> commands_of(const Runner& runner, const Batch& batch,
                                                  const std::vector<MeasuredCell>& measured,
                                                  double slice_ns) {
  std::vector<std::vector<std::string>> commands;
  for (const std::size_t index : batch.cells) {
    workloads::RunOptions options;
    options.operations = std::min(traced_operations(measured[index].operation_ns, slice_ns),
                                  recordable_operations(measured[index].runs, slice_ns));
    options.warm_up_operations =
        measured[index].size.warm_up > 0 ? std::max<std::uint64_t>(1, options.operations / 10) : 0;
    options.control = true;
    commands.push_back(runner.recorded_words(runner.plan().cells[index], options));
  }
  return commands;
}

std::string title_of(const Plan& plan, const PlannedCell& cell) {
  return fmt::format("{} {} {}", plan.scenarios[cell.scenario].scenario->name,
                     workloads::name_of(cell.variant->model), cell.variant->name);
}

}  // namespace

std::uint64_t traced_operations(double operation_ns, double slice_ns) {
  return round_number(slice_ns / std::max(operation_ns, 0.1));
}

std::string coroutine_disagreement(const CellRun& run, const CellWindows& windows) {
  const std::uint64_t recorded = windows.measured.coroutine_switches;
  if (recorded == run.coroutine_switches) return {};
  return fmt::format("{} coroutine switches were recorded, and the program counted {}",
                     format_count(recorded), format_count(run.coroutine_switches));
}

TracedCell make_traced(const CellRun& run, const CellWindows& windows) {
  TracedCell cell;
  cell.operations = run.operations;
  cell.time_per_operation_ns = run.time_per_operation_ns();
  PerOperation figures(run.operations);
  add_scheduling(windows.measured, windows.control, &figures);
  add_coroutines(run, windows, &figures);
  add_memory(windows.measured, windows.control, &figures);
  add_creation(windows.measured, windows.control, &figures);
  for (const auto& [name, count] : windows.measured.blocking) {
    const auto off = windows.control.blocking.find(name);
    const double rate =
        figures.rate(count, off == windows.control.blocking.end() ? 0 : off->second);
    if (rate > 0) cell.blocked_in[name] = rate;
  }
  cell.figures = figures.take();
  return cell;
}

std::map<std::string, double> event_rates(const TracedCell& traced) {
  double faults = 0;
  for (const TracedFigure& figure : traced.figures) {
    if (figure.name.starts_with("faults_")) faults += figure.value;
  }
  return {{kSwitchEvent, traced.value("voluntary_switches") + traced.value("involuntary_switches")},
          {kCoroutineEvent, traced.value("coroutine_switches")},
          {kFaultEvent, faults},
          {kProcessEvent, traced.value("processes_created")},
          {kThreadEvent, traced.value("threads_created")}};
}

bool costs_are_known(const TracedCell& traced) {
  const double processes = traced.value("processes_created");
  return processes < 0.005 || traced.value("page_table_pages") >= processes;
}

Result<TracedCells> trace_cells(const Runner& runner, const std::vector<MeasuredCell>& measured,
                                const std::string& program, const std::string& keep,
                                double slice_ns, Progress& progress) {
  const Plan& plan = runner.plan();
  TracedCells traced;
  traced.cells.resize(plan.cells.size());
  TRIPTYCH_TRY_ASSIGN(const TraceDirectory directory, TraceDirectory::open(keep, runner.become()));
  const std::vector<Batch> batches = batches_of(plan, measured);
  std::uint64_t left_ns = batches.size() * 700'000'000;
  for (const Batch& batch : batches) {
    if (interrupted() != 0) break;
    const std::string name(plan.scenarios[batch.scenario].scenario->name);
    progress.show("recording " + name, left_ns);
    left_ns -= 700'000'000;
    const std::string file = fmt::format("{}/{}.tpt", directory.path(), name);
    const auto commands = commands_of(runner, batch, measured, slice_ns);
    Result<RecordedBatch> recorded = record_batch(program, commands, file, directory.kept());
    if (!recorded) {
      traced.failures.push_back(fmt::format("{}: {}", name, recorded.error().message));
      continue;
    }
    for (std::size_t i = 0; i < batch.cells.size(); ++i) {
      const RecordedCell& cell = recorded->cells[i];
      if (!cell.run) {
        traced.failures.push_back(
            fmt::format("{}: {}", title_of(plan, plan.cells[batch.cells[i]]), cell.failure));
        continue;
      }
      const std::string disagreement = coroutine_disagreement(*cell.run, cell.windows);
      if (recorded->lost == 0 && !disagreement.empty()) {
        traced.failures.push_back(
            fmt::format("{}: {}", title_of(plan, plan.cells[batch.cells[i]]), disagreement));
      }
      TracedCell result = make_traced(*cell.run, cell.windows);
      result.lost = recorded->lost;
      if (directory.kept()) result.trace = file;
      traced.cells[batch.cells[i]] = std::move(result);
    }
  }
  return traced;
}

}  // namespace triptych::compare
