// SPDX-License-Identifier: Apache-2.0
#include "analyze/summary_mode.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

// enum triptych_summary_fault of bpf/abi/events.h. The kernel side does not look at mappings, so
// only three of its classes are one kind for certain.
constexpr std::size_t kUnresolved = 7;
constexpr std::size_t kWpCopied = 3;
constexpr FaultKind kKindOfClass[model::kSummaryFaultClasses] = {
    FaultKind::kFirstTouch,     // not present, zeroed: only anonymous memory is
    FaultKind::kUnknown,        // not present, not zeroed: file, private copy, huge page or swap
    FaultKind::kUnknown,        // not present, no page: zero page or page cache
    FaultKind::kCowCopy,        // present and write, not zeroed
    FaultKind::kZeroPageWrite,  // present and write, zeroed
    FaultKind::kUnknown,        // present and write, no page: reuse, dirty tracking or hugetlb
    FaultKind::kUnknown,
    FaultKind::kUnknown,  // unresolved: counted apart
};

void add_buckets(Histogram& histogram,
                 const std::array<std::uint32_t, model::kSummaryBuckets>& buckets) {
  for (std::size_t b = 0; b < buckets.size(); ++b) {
    histogram.add_octave(static_cast<unsigned>(b), buckets[b]);
  }
}

void apply_faults(FaultCounts& counts, const model::TaskSummary& summary) {
  for (std::size_t i = 0; i < model::kSummaryFaultClasses; ++i) {
    if (i == kUnresolved) continue;
    counts.by_kind[static_cast<std::size_t>(kKindOfClass[i])] += summary.faults[i];
    counts.total += summary.faults[i];
  }
  counts.unresolved = summary.faults[kUnresolved];
  counts.major = std::min(summary.major_faults, counts.total);
  counts.minor = counts.total - counts.major;
  counts.kernel_mode = summary.kernel_mode_faults;
}

}  // namespace

void apply_summary(TaskRecord& record, model::TimeNs end_ns, std::uint32_t page_size,
                   CowBill& copies) {
  Task& task = record.task;
  const model::TimeNs end = std::max(task.end_ns.value_or(end_ns), task.start_ns);
  task.on_cpu_ns = task.runnable_ns = task.blocked_ns = 0;
  task.unknown_ns = end - task.start_ns;
  if (!record.summary) return;
  const model::TaskSummary& summary = *record.summary;
  task.on_cpu_ns = summary.on_cpu_ns;
  task.runnable_ns = summary.runnable_ns;
  task.blocked_ns = summary.blocked_ns;
  const std::uint64_t known = task.on_cpu_ns + task.runnable_ns + task.blocked_ns;
  // One whose creation is not in the trace lived at least as long as what was added up for it.
  if (!record.born && known > task.unknown_ns && known <= end) {
    task.start_ns = end - known;
    task.unknown_ns = known;
  }
  task.unknown_ns -= std::min(known, task.unknown_ns);
  task.switches.voluntary = summary.voluntary;
  task.switches.involuntary = summary.involuntary;
  task.switches.mm_changes = summary.mm_changes;
  task.wakeups = summary.wakeups;
  task.migrations = summary.migrations;
  add_buckets(task.run_queue_latency, summary.run_queue_latency);
  add_buckets(task.slice_length, summary.slice_length);
  apply_faults(task.faults, summary);
  copies.copies += summary.faults[kWpCopied];
  copies.bytes += summary.faults[kWpCopied] * page_size;
  copies.time_ns += summary.fault_ns[kWpCopied];
}

}  // namespace triptych::analyze
