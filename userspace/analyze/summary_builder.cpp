// SPDX-License-Identifier: Apache-2.0
#include "analyze/summary_builder.hpp"

#include <algorithm>

#include "analyze/interval.hpp"
#include "analyze/syscall_names.hpp"

namespace triptych::analyze {
namespace {

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

std::string blocked_name(std::int32_t key) {
  if (key == BlockedTime::kCreationKey) return "being created";
  if (key == BlockedTime::kOtherKey) return "other";
  const bool compat = key >= BlockedTime::kCompatKey;
  return syscall_name(static_cast<std::int16_t>(compat ? key - BlockedTime::kCompatKey : key),
                      compat);
}

void build_tasks(const TaskTable& table, model::TimeNs begin_ns, model::TimeNs end_ns,
                 Summary& summary) {
  for (const auto& record : table.records()) {
    complete(*record);
    Task& task = record->task;
    if (task.start_ns > end_ns || (task.end_ns && *task.end_ns < begin_ns)) continue;
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
