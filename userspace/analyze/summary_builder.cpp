// SPDX-License-Identifier: Apache-2.0
#include "analyze/summary_builder.hpp"

#include <algorithm>

#include "analyze/syscall_names.hpp"

namespace triptych::analyze {
namespace {

std::string blocked_name(std::int32_t key) {
  if (key == BlockedTime::kCreationKey) return "being created";
  if (key == BlockedTime::kOtherKey) return "other";
  const bool compat = key >= BlockedTime::kCompatKey;
  return syscall_name(static_cast<std::int16_t>(compat ? key - BlockedTime::kCompatKey : key),
                      compat);
}

void add(SwitchCounts& to, const SwitchCounts& from) {
  to.voluntary += from.voluntary;
  to.involuntary += from.involuntary;
  to.yields += from.yields;
  to.mm_changes += from.mm_changes;
}

void add(FaultCounts& to, const FaultCounts& from) {
  for (std::size_t i = 0; i < kFaultKinds; ++i) to.by_kind[i] += from.by_kind[i];
  to.total += from.total;
  to.minor += from.minor;
  to.major += from.major;
  to.kernel_mode += from.kernel_mode;
  to.unresolved += from.unresolved;
  to.kernel_taken += from.kernel_taken;
}

void add_to_totals(const Task& task, Summary& summary) {
  Totals& totals = summary.totals;
  add(totals.switches, task.switches);
  add(totals.faults, task.faults);
  totals.wakeups += task.wakeups;
  totals.on_cpu_ns += task.on_cpu_ns;
  totals.runnable_ns += task.runnable_ns;
  totals.blocked_ns += task.blocked_ns;
  totals.unknown_ns += task.unknown_ns;
  summary.run_queue_latency.merge(task.run_queue_latency);
  summary.slice_length.merge(task.slice_length);
}

void complete(TaskRecord& record) {
  Task& task = record.task;
  task.stranger = !record.target;
  for (const BlockedTime& entry : record.blocked) {
    task.blocked_by_syscall_ns[blocked_name(entry.key)] += entry.time_ns;
  }
  if (!record.end) return;
  const std::uint64_t before = record.baseline_switches ? record.baseline_switches->run_time_ns : 0;
  const std::uint64_t after = record.end->counters.run_time_ns;
  if (record.born || record.baseline_switches)
    task.run_time_ns = after > before ? after - before : 0;
}

}  // namespace

void build_tasks(const TaskTable& table, model::TimeNs begin_ns, model::TimeNs end_ns,
                 Summary& summary) {
  for (const auto& record : table.records()) {
    complete(*record);
    Task& task = record->task;
    if (task.start_ns > end_ns || (task.end_ns && *task.end_ns < begin_ns)) continue;
    if (record->target) add_to_totals(task, summary);
    summary.tasks.push_back(std::move(task));
  }
  std::stable_sort(summary.tasks.begin(), summary.tasks.end(), [](const Task& a, const Task& b) {
    if (a.stranger != b.stranger) return b.stranger;
    return a.start_ns < b.start_ns;
  });
}

void build_address_spaces(const AddressSpaces& spaces, const TaskTable& table,
                          model::TimeNs begin_ns, model::TimeNs end_ns, Summary& summary) {
  for (const auto& record : spaces.records()) {
    AddressSpace& space = record->space;
    if (space.start_ns > end_ns || (space.end_ns && *space.end_ns < begin_ns)) continue;
    const TaskRecord* user = table.find(record->first_user);
    if (user != nullptr && user->mm == space.id) space.comm = user->task.comm;
    summary.address_spaces.push_back(std::move(space));
  }
}

}  // namespace triptych::analyze
