// SPDX-License-Identifier: Apache-2.0
#include "analyze/fault_tracker.hpp"

#include <algorithm>

#include "analyze/fault_kind.hpp"

namespace triptych::analyze {

namespace {

// `event` is its completion.
Interval interval_of(const Task& task, const model::Event& event, const Faulted& faulted) {
  const model::Fault& fault = *faulted.fault;
  Interval interval{
      .task = &task, .begin_ns = event.ts_ns, .end_ns = std::nullopt, .doing = faulted};
  if (fault.no_start) return interval;
  interval.begin_ns = event.ts_ns - std::min<model::TimeNs>(event.ts_ns, fault.duration_ns);
  interval.end_ns = event.ts_ns;
  return interval;
}

}  // namespace

void FaultTracker::on_fault(TaskRecord& task, const model::Event& event,
                            const model::Fault& fault) {
  const model::TimeNs ts_ns = event.ts_ns;
  const bool counting = window_.counting();
  FaultCounts& counts = task.task.faults;
  if (fault.kernel_taken) {
    if (counting) ++counts.kernel_taken;
    return;
  }
  forks_.on_use(task, fault.mm, ts_ns);  // a task faults in its own address space
  if (!counting) return;
  if (fault.unresolved) {
    ++counts.unresolved;
    return;
  }
  const FaultKind kind = fault_kind(fault);
  const auto index = static_cast<std::size_t>(kind);
  ++counts.by_kind[index];
  ++counts.total;
  ++(fault.major ? counts.major : counts.minor);
  if (!fault.no_start && (fault.error_code & kFaultUser) == 0) ++counts.kernel_mode;

  const std::uint64_t time_ns = fault.no_start ? 0 : fault.duration_ns;
  SpaceRecord* space = spaces_.meet(fault.mm, ts_ns);
  if (space != nullptr) {
    FaultStats& stats = space->space.faults[index];
    ++stats.count;
    stats.pages += fault.pages;
    stats.time_ns += time_ns;
    if (!fault.no_start) stats.latency.add(fault.duration_ns);
  }
  ForkTracker::Charged charged;
  const std::uint64_t bytes = copied_bytes(kind, page_size_);
  if (bytes != 0) {
    const bool of_file =
        fault.mapping == model::Mapping::kFile || fault.mapping == model::Mapping::kShmem;
    const CowBill copy{
        .copies = 1, .bytes = bytes, .time_ns = time_ns, .in_file_mappings = of_file ? 1u : 0u};
    task.task.cow.add(copy);
    if (space != nullptr) charged = forks_.charge(*space, ts_ns, copy);
  }
  if (!intervals_) return;
  intervals_(interval_of(task.task, event,
                         Faulted{&fault, kind, event.cpu, bytes, charged.child, charged.to_child,
                                 stacks_.of(event, model::StackWhat::kFault)}));
}

}  // namespace triptych::analyze
