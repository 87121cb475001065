// SPDX-License-Identifier: Apache-2.0
#include "compare/trace_windows.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "analyze/analysis.hpp"
#include "analyze/fault_kind.hpp"
#include "analyze/syscall_names.hpp"
#include "workloads/run.hpp"

namespace triptych::compare {
namespace {

using analyze::Summary;

// The calls in which tasks go to sleep are not part of the summary: it has the time, not the count.
void count_blocking(const model::Switch& change, WindowCounts* counts) {
  if (!change.voluntary || !change.prev_target || change.syscall < 0) return;
  ++counts->blocking[analyze::syscall_name(change.syscall, change.compat)];
}

// Parent and child of a fork also copy their stacks and data: those are not the work's.
void count_memory_copy(const model::Fault& fault, const MemoryRange& memory, WindowCounts* counts) {
  if (fault.kernel_taken || fault.unresolved || !memory.contains(fault.address)) return;
  const analyze::FaultKind kind = analyze::fault_kind(fault);
  if (kind != analyze::FaultKind::kCowCopy && kind != analyze::FaultKind::kPrivateFileCopy) return;
  ++counts->memory_copies;
  if (!fault.no_start) counts->memory_copy.add(fault.duration_ns);
}

void add_phases(const analyze::Fork& fork, const Summary& summary, WindowCounts* counts) {
  if (fork.duration_ns) counts->call.add(*fork.duration_ns);
  if (fork.page_table_copy_ns) counts->page_table_copy.add(*fork.page_table_copy_ns);
  if (!fork.first_run_delay_ns) return;
  counts->first_run.add(*fork.first_run_delay_ns);
  for (const analyze::Task& task : summary.tasks) {
    if (task.id != fork.child || !task.exit_ns || !task.end_ns) continue;
    const model::TimeNs ran_ns = fork.ts_ns + *fork.first_run_delay_ns;
    if (*task.exit_ns >= ran_ns) counts->child.add(*task.exit_ns - ran_ns);
    if (*task.end_ns >= *task.exit_ns) counts->teardown.add(*task.end_ns - *task.exit_ns);
    return;
  }
}

void add_summary(const Summary& summary, WindowCounts* counts) {
  counts->switches = summary.totals.switches;
  counts->wakeups = summary.totals.wakeups;
  counts->run_queue_ns = summary.totals.run_queue_latency.sum();
  counts->faults = summary.totals.faults.by_kind;
  counts->cow = summary.totals.cow;
  counts->processes = summary.totals.forks + summary.totals.vforks + summary.totals.other_clones;
  counts->threads = summary.totals.threads_created;
  // The children's tasks are in the order of their creation, as the forks are: phases need no more
  // than a few of them to be known well.
  constexpr std::size_t kEnough = 200;
  std::size_t children = 0;
  for (const analyze::Fork& fork : summary.forks) {
    if (fork.ts_ns < summary.begin_ns) continue;  // earlier: listed for a copy that is counted here
    counts->page_table_pages += fork.page_table_pages;
    if (++children <= kEnough) add_phases(fork, summary, counts);
  }
}

// One window of one cell while its events go by.
class WindowReader {
 public:
  WindowReader(const model::Metadata& metadata, const char* from, const char* to,
               const MemoryRange& memory)
      : from_(from), to_(to), memory_(memory), analysis_(metadata, {from, to}) {}

  void push(const model::Event& event) {
    if (const auto* mark = std::get_if<model::Mark>(&event.payload)) {
      if (mark->name.view() == from_) open_ = true;
      if (mark->name.view() == to_) open_ = false;
    } else if (const auto* change = std::get_if<model::Switch>(&event.payload)) {
      if (open_) count_blocking(*change, &counts_);
    } else if (const auto* fault = std::get_if<model::Fault>(&event.payload)) {
      if (open_) count_memory_copy(*fault, memory_, &counts_);
    } else if (const auto* coroutine = std::get_if<model::Coroutine>(&event.payload)) {
      // Nothing else is asked of them: they need not be followed.
      if (open_ && coroutine->what == model::CoroutineWhat::kResumed) ++counts_.coroutine_switches;
      return;
    }
    analysis_.push(event);
  }

  // None when a mark is missing.
  std::optional<WindowCounts> finish() {
    const Result<Summary> summary = analysis_.finish(std::nullopt, {}, 0);
    if (!summary) return std::nullopt;
    add_summary(*summary, &counts_);
    return std::move(counts_);
  }

 private:
  std::string_view from_, to_;
  MemoryRange memory_;
  analyze::Analysis analysis_;
  WindowCounts counts_;
  bool open_ = false;
};

struct CellReader {
  CellReader(const model::Metadata& metadata, const MemoryRange& memory)
      : control(metadata, workloads::kControlBeginMark, workloads::kControlEndMark, memory),
        measured(metadata, workloads::kBeginMark, workloads::kEndMark, memory) {}

  CellWindows finish() {
    CellWindows windows;
    std::optional<WindowCounts> of_control = control.finish();
    std::optional<WindowCounts> of_measured = measured.finish();
    if (!of_control || !of_measured) return windows;
    windows.complete = true;
    windows.control = std::move(*of_control);
    windows.measured = std::move(*of_measured);
    return windows;
  }

  WindowReader control, measured;
};

// The number of the cell that begins with this event.
std::optional<std::size_t> number_of(const model::Event& event, std::size_t cells) {
  const auto* mark = std::get_if<model::Mark>(&event.payload);
  if (mark == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < cells; ++i) {
    if (mark->name.view() == cell_mark(i)) return i;
  }
  return std::nullopt;
}

}  // namespace

std::string cell_mark(std::size_t number) {
  return fmt::format("cell-{}", number);
}

Result<TraceWindows> read_windows(trace::Source& source, std::span<const MemoryRange> memories) {
  const std::size_t cells = memories.size();
  TraceWindows windows;
  windows.cells.resize(cells);
  std::unique_ptr<CellReader> reader;
  std::size_t current = 0;
  model::Event event;
  while (source.next(event)) {
    if (const std::optional<std::size_t> number = number_of(event, cells)) {
      if (reader) windows.cells[current] = reader->finish();
      current = *number;
      reader = std::make_unique<CellReader>(source.metadata(), memories[current]);
    }
    if (!reader) continue;
    reader->control.push(event);
    reader->measured.push(event);
  }
  if (reader) windows.cells[current] = reader->finish();
  if (source.error()) return tl::unexpected<Error>(*source.error());
  for (std::size_t i = 0; i < model::kQualityCount; ++i) {
    if (model::kQualityInfo[i].severity == model::Severity::kInfo) continue;
    windows.lost += source.quality()[static_cast<model::Quality>(i)];
  }
  return windows;
}

}  // namespace triptych::compare
