// SPDX-License-Identifier: Apache-2.0
#include "analyze/task_table.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

constexpr std::size_t kMaxNames = 8;
constexpr std::size_t kMaxExecs = 64;
constexpr std::uint32_t kNoProcess = ~0u;

// Reaping is only seen an RCU period later: a task that ended this close to the end of the
// recording may well have been reaped.
constexpr std::uint64_t kReapedUnseenNs = 50'000'000;

constexpr std::uint64_t kCloneVm = 0x100;
constexpr std::uint64_t kCloneVfork = 0x4000;
constexpr std::uint64_t kCloneThread = 0x10000;
// What changes nothing about a fork: the exit signal, tids to write and clear, TLS, pidfd, tracing,
// signal handlers to reset, a control group to begin in.
constexpr std::uint64_t kPlainForkFlags = 0xff | 0x1000 | 0x2000 | 0x80000 | 0x100000 | 0x200000 |
                                          0x400000 | 0x800000 | 0x1000000 | 0x100000000 |
                                          0x200000000;

std::vector<std::string> split_arguments(const model::TaskExec& exec) {
  const std::size_t size = std::min<std::size_t>(exec.args_size, exec.args.size());
  std::string_view rest(exec.args.data(), size);
  std::vector<std::string> arguments;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    arguments.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return arguments;
}

}  // namespace

CreatedBy created_by(const model::TaskNew& event) {
  if (event.kthread) return CreatedBy::kKthread;
  if (event.io_worker) return CreatedBy::kIoWorker;
  if (event.user_worker) return CreatedBy::kUserWorker;
  if ((event.clone_flags & kCloneThread) != 0) return CreatedBy::kThread;
  const std::uint64_t vfork = kCloneVm | kCloneVfork;
  if ((event.clone_flags & vfork) == vfork) return CreatedBy::kVfork;
  return (event.clone_flags & ~kPlainForkFlags) == 0 ? CreatedBy::kFork : CreatedBy::kClone;
}

TaskRecord* TaskTable::find(model::TaskId id) const {
  const std::uint32_t position = index_.find(id);
  return position == index_.kNone ? nullptr : records_[position].get();
}

TaskRecord* TaskTable::insert(model::TaskId id, model::TimeNs ts_ns) {
  if (id < model::kFirstTask) return nullptr;
  index_.insert(id, static_cast<std::uint32_t>(records_.size()));
  records_.push_back(std::make_unique<TaskRecord>());
  TaskRecord* record = records_.back().get();
  record->task.id = id;
  record->task.start_ns = ts_ns;
  record->span.since_ns = ts_ns;
  return record;
}

TaskRecord* TaskTable::meet(model::TaskId id, model::TimeNs ts_ns, bool target) {
  TaskRecord* record = find(id);
  if (record == nullptr) {
    record = insert(id, ts_ns);
    if (record == nullptr) return nullptr;
    unknown_targets_ = true;
    quality_.add(model::Quality::unknown_tasks);
  }
  if (target && !record->target) {
    record->target = true;
    if (record->task.stranger) {  // met before, recorded from now on
      record->task.stranger = false;
      record->task.start_ns = record->span.since_ns = ts_ns;
    }
  }
  return record;
}

std::uint32_t TaskTable::new_process(std::uint32_t creator, model::TimeNs ts_ns) {
  processes_.emplace_back();
  processes_.back().creator = creator;
  processes_.back().begin_ns = ts_ns;
  return static_cast<std::uint32_t>(processes_.size() - 1);
}

void TaskTable::join_process(TaskRecord& record, std::uint32_t process) {
  record.process = process;
  if (process != kNoProcess) ++processes_[process].threads;
}

TaskRecord* TaskTable::on_new(const model::Event& event, const model::TaskNew& created) {
  if (find(event.task) != nullptr) {
    quality_.add(model::Quality::state_conflicts);
    return nullptr;
  }
  TaskRecord* record = insert(event.task, event.ts_ns);
  if (record == nullptr) return nullptr;
  record->beginning_known = record->born = record->target = true;
  record->kthread = created.kthread;
  Task& task = record->task;
  task.tid = created.tid;
  task.tgid = created.tgid;
  task.ns_tid = created.ns_tid;
  task.parent = created.parent;
  task.created_by = created_by(created);
  task.clone_flags = created.clone_flags;
  task.comm = created.comm.view();
  const TaskRecord* parent = find(created.parent);
  if (parent != nullptr) task.parent_tid = parent->task.tid;
  const std::uint32_t creator = parent == nullptr ? kNoProcess : parent->process;
  const bool thread = (created.clone_flags & kCloneThread) != 0;
  join_process(*record, thread ? creator : new_process(creator, event.ts_ns));
  if (!thread)
    processes_[record->process].in_creators_memory = (created.clone_flags & kCloneVm) != 0;
  return record;
}

TaskRecord* TaskTable::on_seen(const model::Event& event, const model::TaskSeen& seen) {
  TaskRecord* record = find(event.task);
  const bool stranger = seen.how == model::SeenHow::kStranger;
  if (record == nullptr) {
    record = insert(event.task, event.ts_ns);
    if (record == nullptr) return nullptr;
  } else if (record->target || stranger) {
    quality_.add(model::Quality::state_conflicts);
    return nullptr;
  }
  record->beginning_known = true;
  record->target = !stranger;
  record->kthread = seen.kthread;
  record->task.start_ns = record->span.since_ns = event.ts_ns;
  Task& task = record->task;
  task.stranger = stranger;
  task.tid = seen.tid;
  task.tgid = seen.tgid;
  task.ns_tid = seen.ns_tid;
  task.parent = seen.parent;
  task.parent_tid = seen.parent_tid;
  task.comm = seen.comm.view();
  if (stranger) return record;
  task.created_by =
      seen.how == model::SeenHow::kLaunched ? CreatedBy::kLaunched : CreatedBy::kAttached;
  // The threads of an attached process come one by one, in any order.
  const auto [entry, first] = attached_processes_.try_emplace(seen.tgid, kNoProcess);
  if (first) {
    const TaskRecord* parent = find(seen.parent);
    entry->second = new_process(parent == nullptr ? kNoProcess : parent->process, event.ts_ns);
  }
  join_process(*record, entry->second);
  return record;
}

void TaskTable::rename(TaskRecord& record, std::string_view comm) {
  Task& task = record.task;
  record.previous_comm = task.comm;
  if (task.comm == comm) return;
  if (!task.comm.empty() && task.names.size() < kMaxNames) task.names.push_back(task.comm);
  task.comm = comm;
}

void TaskTable::on_exec(TaskRecord& record, model::TimeNs ts_ns, const model::TaskExec& exec) {
  record.task.tid = exec.tid;
  rename(record, exec.comm.view());
  if (record.task.execs.size() >= kMaxExecs) return;
  Exec entry;
  entry.ts_ns = ts_ns;
  entry.comm = exec.comm.view();
  entry.filename = exec.filename.view();
  entry.arguments = split_arguments(exec);
  entry.arguments_truncated = exec.args_truncated || exec.args_unreadable;
  entry.secure = exec.secure;
  entry.old_tid = exec.old_tid;
  record.task.execs.push_back(std::move(entry));
}

bool TaskTable::began_in_creators_memory(const TaskRecord& record) const {
  return record.process != kNoProcess && processes_[record.process].in_creators_memory;
}

void TaskTable::on_death(TaskRecord& record, model::TimeNs ts_ns) {
  if (record.process == kNoProcess) return;
  Process& process = processes_[record.process];
  if (process.threads > 0 && --process.threads == 0) process.end_ns = ts_ns;
}

void TaskTable::judge_survivors(model::TimeNs end_ns, const LossTracker& losses) {
  for (const auto& record : records_) {
    Task& task = record->task;
    if (!record->target || !record->beginning_known || task.tid != task.tgid) continue;
    if (record->process == kNoProcess || record->kthread) continue;
    const std::uint32_t creator = processes_[record->process].creator;
    // That the creator ended, threads and all, and that who has no end still lives, is only sure
    // while no record that could tell otherwise is missing.
    if (creator != kNoProcess && processes_[creator].end_ns && !unknown_targets_ &&
        !losses.first(model::LossClass::kTask, processes_[creator].begin_ns)) {
      task.orphaned = !task.end_ns || *task.end_ns > *processes_[creator].end_ns;
    }
    judge_reaping(*record, end_ns, losses);
  }
}

// Who outlives its creator is reaped by init: a release that was not told is no proof then.
void TaskTable::judge_reaping(TaskRecord& record, model::TimeNs end_ns,
                              const LossTracker& losses) const {
  Task& task = record.task;
  const std::uint32_t creator = processes_[record.process].creator;
  // The command itself is reaped by the recorder, which stops then.
  if (creator == kNoProcess || !task.end_ns || task.created_by == CreatedBy::kLaunched) return;
  if (losses.first(model::LossClass::kTask, *task.end_ns)) return;
  const std::optional<model::TimeNs> creator_end = processes_[creator].end_ns;
  const model::TimeNs until = creator_end.value_or(end_ns);
  const bool released = task.free_ns && *task.free_ns <= until;
  if (released || (task.free_ns && !creator_end)) return;
  if (until < *task.end_ns + kReapedUnseenNs) return;
  task.zombie = !creator_end;
  task.unreaped = creator_end.has_value();
}

}  // namespace triptych::analyze
