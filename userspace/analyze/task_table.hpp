// SPDX-License-Identifier: Apache-2.0
//
// Who is who: one record a serial, in the order of meeting. A record stays where it is until
// release().
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "analyze/dense_index.hpp"
#include "analyze/loss_tracker.hpp"
#include "analyze/task_record.hpp"
#include "model/data_quality.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

// Which of the ways in CreatedBy made this task.
CreatedBy created_by(const model::TaskNew& event);

class TaskTable {
 public:
  explicit TaskTable(model::DataQuality& quality) : quality_(quality) {}

  // Null for idle tasks, for kNoTask, and for those never met.
  [[nodiscard]] TaskRecord* find(model::TaskId id) const;
  // As find, but a task never met gets a record: its beginning is not in the trace. `target` says
  // that the event proves it to be recorded.
  TaskRecord* meet(model::TaskId id, model::TimeNs ts_ns, bool target);

  // Null when it contradicts what is known of the serial.
  TaskRecord* on_new(const model::Event& event, const model::TaskNew& created);
  TaskRecord* on_seen(const model::Event& event, const model::TaskSeen& seen);
  void on_exec(TaskRecord& record, model::TimeNs ts_ns, const model::TaskExec& exec);
  void rename(TaskRecord& record, std::string_view comm);
  // Its process came into being in the address space of the one that created it (vfork,
  // posix_spawn), and the kernel's account of its memory goes on from there.
  [[nodiscard]] bool began_in_creators_memory(const TaskRecord& record) const;
  // In its last switch, or by TASK_END: whichever comes first. At most once a task.
  void on_death(TaskRecord& record, model::TimeNs ts_ns);

  // Says who is an orphan and who a zombie when the recording ends.
  void judge_survivors(model::TimeNs end_ns, const LossTracker& losses);

  [[nodiscard]] const std::vector<std::unique_ptr<TaskRecord>>& records() const { return records_; }

 private:
  struct Process {
    std::uint32_t threads = 0;  // alive
    bool in_creators_memory = false;
    std::uint32_t creator = ~0u;
    model::TimeNs begin_ns = 0;
    std::optional<model::TimeNs> end_ns;
  };

  TaskRecord* insert(model::TaskId id, model::TimeNs ts_ns);
  void judge_reaping(TaskRecord& record, model::TimeNs end_ns, const LossTracker& losses) const;
  void join_process(TaskRecord& record, std::uint32_t process);
  std::uint32_t new_process(std::uint32_t creator, model::TimeNs ts_ns);

  model::DataQuality& quality_;
  DenseIndex<model::TaskId> index_;
  std::vector<std::unique_ptr<TaskRecord>> records_;
  std::vector<Process> processes_;
  std::unordered_map<model::Tid, std::uint32_t> attached_processes_;  // by tgid
  bool unknown_targets_ = false;  // their processes may live on unseen
};

}  // namespace triptych::analyze
