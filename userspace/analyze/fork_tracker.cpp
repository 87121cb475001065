// SPDX-License-Identifier: Apache-2.0
#include "analyze/fork_tracker.hpp"

#include <algorithm>

namespace triptych::analyze {

void RevocableBill::add(model::TimeNs ts_ns, const CowBill& copy) {
  if (ts_ns >= newer_taken_ns_ + kStepNs) {
    older_ = newer_;
    newer_ = now_;
    newer_taken_ns_ = ts_ns;
  }
  now_.bill.add(copy);
  now_.last_ns = ts_ns;
}

void RevocableBill::take_back_to(model::TimeNs ts_ns) {
  const auto before = [ts_ns](const Moment& moment) {
    return moment.bill.copies == 0 || moment.last_ns < ts_ns;
  };
  if (before(now_)) return;
  now_ = before(newer_) ? newer_ : before(older_) ? older_ : Moment{};
  newer_ = older_ = now_;
}

void ForkTracker::on_new(TaskRecord& child, model::TimeNs ts_ns, const model::TaskNew& created) {
  const CreatedBy kind = child.task.created_by;
  if (kind != CreatedBy::kFork && kind != CreatedBy::kVfork && kind != CreatedBy::kClone) return;
  const auto position = static_cast<std::uint32_t>(forks_.size());
  ForkRecord record;
  Fork& fork = record.fork;
  fork.parent = created.parent;
  fork.child = child.task.id;
  fork.parent_tid = child.task.parent_tid;
  fork.child_tid = created.tid;
  fork.kind = kind;
  fork.ts_ns = ts_ns;
  fork.page_table_pages = created.page_table_pages;
  fork.shared_pages = std::uint64_t{created.anon_pages} + created.file_pages + created.shmem_pages;
  child.fork = position;
  if (created.mm != created.parent_mm && created.mm != model::kNoMm) {
    record.child_mm = created.mm;
    if (SpaceRecord* made = spaces_.meet(created.mm, ts_ns)) {
      made->made_by = position;
      list(*made);
    }
    if (SpaceRecord* from = spaces_.meet(created.parent_mm, ts_ns)) {
      from->forks.push_back(position);
      list(*from);
    }
  }
  forks_.push_back(record);
}

void ForkTracker::list(SpaceRecord& space) {
  if (space.listed) return;
  space.listed = true;
  listed_.push_back(space.space.id);
}

void ForkTracker::on_return(const model::Event& event, const model::CloneReturn& returned) {
  if (returned.result < 0) return;
  const TaskRecord* child = tasks_.find(returned.child);
  if (child != nullptr && child->fork < forks_.size()) {
    Fork& fork = forks_[child->fork].fork;
    fork.duration_ns = returned.duration_ns;
    if (returned.page_table_copy_ns != 0) fork.page_table_copy_ns = returned.page_table_copy_ns;
    return;
  }
  if (returned.child < model::kFirstTask || (child != nullptr && child->born)) return;
  // It made a child whose creation is missing.
  const TaskRecord* creator = tasks_.find(event.task);
  SpaceRecord* space = creator == nullptr ? nullptr : spaces_.find(creator->mm);
  if (space == nullptr) return;
  const model::TimeNs duration = std::min(returned.duration_ns, event.ts_ns);
  doubt_forks_of(*space, event.ts_ns - duration);
}

void ForkTracker::on_first_run(const TaskRecord& record, model::TimeNs ts_ns) {
  if (record.has_run || record.fork >= forks_.size()) return;
  if (record.span.state != RunState::kNew) return;  // it has run already, unseen
  Fork& fork = forks_[record.fork].fork;
  fork.first_run_delay_ns = ts_ns - fork.ts_ns;
}

void ForkTracker::on_unseen_creation(model::TaskId creator, model::TimeNs ts_ns) {
  const TaskRecord* task = tasks_.find(creator);
  SpaceRecord* space = task == nullptr ? nullptr : spaces_.find(task->mm);
  if (space == nullptr) return;
  space->uncounted_users = true;
  doubt_forks_of(*space, ts_ns);
}

void ForkTracker::on_use(TaskRecord& task, model::MmId mm, model::TimeNs ts_ns) {
  if (task.kthread || mm == model::kNoMm) return;  // kernel threads borrow those of others
  if (task.mm != model::kNoMm && task.mm != mm) on_unseen_exec(task);
  spaces_.use(task, mm, ts_ns, task.task.comm);
}

void ForkTracker::on_unseen_exec(const TaskRecord& task) {
  const SpaceRecord* old = spaces_.find(task.mm);
  if (old == nullptr || old->made_by >= forks_.size()) return;
  ForkRecord& record = forks_[old->made_by];
  record.parent.take_back_to(task.mm_seen_ns);
  record.fork.cow_incomplete = true;
}

// Which fork is the most recent one is not known any more, until the next.
void ForkTracker::doubt_forks_of(SpaceRecord& space, model::TimeNs since_ns) {
  for (const std::uint32_t position : space.forks) {
    if (position == kNoFork) continue;
    forks_[position].parent.take_back_to(since_ns);
    forks_[position].fork.cow_incomplete = true;
  }
  if (space.made_by < forks_.size()) {
    forks_[space.made_by].child.take_back_to(since_ns);
    forks_[space.made_by].fork.cow_incomplete = true;
  }
  space.forks.assign(1, kNoFork);
}

void ForkTracker::on_lost_tasks(model::TimeNs since_ns) {
  for (const model::MmId id : listed_) {
    SpaceRecord* space = spaces_.find(id);
    space->listed = false;
    doubt_forks_of(*space, since_ns);
  }
  listed_.clear();
}

ForkTracker::Charged ForkTracker::charge(SpaceRecord& space, model::TimeNs ts_ns,
                                         const CowBill& copy) {
  if (!window_.counting()) return {};
  while (!space.forks.empty()) {
    const std::uint32_t newest = space.forks.back();
    if (newest == kNoFork) return {};
    const SpaceRecord* child = spaces_.find(forks_[newest].child_mm);
    if (child != nullptr && child->users != 0) {
      forks_[newest].parent.add(ts_ns, copy);
      return {forks_[newest].fork.child, false};
    }
    if (child != nullptr && child->uncounted_users) return {};
    space.forks.pop_back();
  }
  if (space.made_by >= forks_.size()) return {};
  forks_[space.made_by].child.add(ts_ns, copy);
  return {forks_[space.made_by].fork.child, true};
}

bool ForkTracker::lost_in_its_life(const ForkRecord& record, model::LossClass what) const {
  const SpaceRecord* copy = spaces_.find(record.child_mm);
  if (copy == nullptr) return false;
  const auto loss = losses_.first(what, record.fork.ts_ns);
  return loss && (!copy->space.end_ns || *loss <= *copy->space.end_ns);
}

std::vector<Fork> ForkTracker::take(model::TimeNs begin_ns, model::TimeNs end_ns) {
  std::vector<Fork> forks;
  for (ForkRecord& record : forks_) {
    Fork& fork = record.fork;
    // Also of those forks whose copies were gone when the loss was told.
    if (const auto loss = losses_.first(model::LossClass::kTask, fork.ts_ns)) {
      record.parent.take_back_to(*loss);
      record.child.take_back_to(*loss);
    }
    fork.cow_incomplete |= lost_in_its_life(record, model::LossClass::kTask) ||
                           lost_in_its_life(record, model::LossClass::kFault);
    fork.cow_parent = record.parent.now();
    fork.cow_child = record.child.now();
    const bool inside = fork.ts_ns >= begin_ns && fork.ts_ns <= end_ns;
    if (inside || fork.cow_parent.copies != 0 || fork.cow_child.copies != 0) {
      forks.push_back(fork);
    }
  }
  return forks;
}

}  // namespace triptych::analyze
