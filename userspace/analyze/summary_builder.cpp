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
  if (!record.born && !record.baseline_switches) return;
  const model::Counters before = record.baseline_switches.value_or(model::Counters{});
  const model::Counters& after = record.end->counters;
  const auto since = [](std::uint64_t first, std::uint64_t last) {
    return last > first ? last - first : 0;
  };
  task.run_time_ns = since(before.run_time_ns, after.run_time_ns);
  task.user_ns = since(before.utime_ns, after.utime_ns);
  task.system_ns = since(before.stime_ns, after.stime_ns);
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

void credit_coroutine_switches(TaskTable& table, const Summary& summary) {
  for (const EventLoop& loop : summary.coroutines.loops) {
    TaskRecord* record = table.find(loop.task);
    if (record != nullptr) record->task.coroutine_switches = loop.switches;
  }
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
