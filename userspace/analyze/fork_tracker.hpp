// SPDX-License-Identifier: Apache-2.0
//
// Forks and what they cost. A copy is charged to the most recent fork that shared the address
// space's pages: to the parent's part of the newest fork of this space whose copy is still in use;
// when there is none, to the child's part of the fork that made this space; when there is none, to
// nobody. When records are missing that could have changed the answer, what was charged since is
// taken back, and nothing more is charged until the next fork.
#pragma once

#include <cstdint>
#include <vector>

#include "analyze/address_spaces.hpp"
#include "analyze/counting_window.hpp"
#include "analyze/task_table.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

// A bill that remembers itself at two earlier moments, a tenth of a second apart or more, so that
// it can be taken back to before a doubt. It may lose more than it must, never less.
class RevocableBill {
 public:
  void add(model::TimeNs ts_ns, const CowBill& copy);
  // Leaves nothing that was added at `ts_ns` or later.
  void take_back_to(model::TimeNs ts_ns);
  [[nodiscard]] const CowBill& now() const { return now_.bill; }

 private:
  static constexpr std::uint64_t kStepNs = 100'000'000;
  struct Moment {
    model::TimeNs last_ns = 0;  // of the last addition that is in it
    CowBill bill;
  };
  Moment now_, newer_, older_;
  model::TimeNs newer_taken_ns_ = 0;
};

class ForkTracker {
 public:
  ForkTracker(const TaskTable& tasks, AddressSpaces& spaces, const LossTracker& losses,
              const CountingWindow& window)
      : tasks_(tasks), spaces_(spaces), losses_(losses), window_(window) {}

  // Creations that give the child a process of its own; the address spaces are in use already.
  void on_new(TaskRecord& child, model::TimeNs ts_ns, const model::TaskNew& created);
  void on_return(const model::Event& event, const model::CloneReturn& returned);
  // Its first run; `record` has not been told of the switch yet.
  void on_first_run(const TaskRecord& record, model::TimeNs ts_ns);
  // A task without a beginning was woken for the first time, by `creator`.
  void on_unseen_creation(model::TaskId creator, model::TimeNs ts_ns);
  // An event shows which address space the task uses. When it is not the one that it is known to
  // use, its creation or its exec is missing.
  void on_use(TaskRecord& task, model::MmId mm, model::TimeNs ts_ns);
  // Records of tasks were lost, not before `since_ns`: of forks, perhaps, of execs or of ends.
  void on_lost_tasks(model::TimeNs since_ns);

  struct Charged {
    model::TaskId child{};  // of the fork; kNoTask: nobody is charged
    bool to_child = false;
  };
  // A copy in this space. What is charged may be taken back later.
  Charged charge(SpaceRecord& space, model::TimeNs ts_ns, const CowBill& copy);

  // Those made in this time, or with copies in it.
  std::vector<Fork> take(model::TimeNs begin_ns, model::TimeNs end_ns);

 private:
  struct ForkRecord {
    Fork fork;
    RevocableBill parent, child;
    model::MmId child_mm{};
  };
  void on_unseen_exec(const TaskRecord& task);
  void list(SpaceRecord& space);
  void doubt_forks_of(SpaceRecord& space, model::TimeNs since_ns);
  [[nodiscard]] bool lost_in_its_life(const ForkRecord& record, model::LossClass what) const;

  const TaskTable& tasks_;
  AddressSpaces& spaces_;
  const LossTracker& losses_;
  const CountingWindow& window_;
  std::vector<ForkRecord> forks_;
  std::vector<model::MmId> listed_;  // spaces in which copies may be charged
};

}  // namespace triptych::analyze
