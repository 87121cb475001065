// SPDX-License-Identifier: Apache-2.0
//
// A kernel that tells of half of what it does: wakeups, and comings in after which no recorded task
// has left, are kept silent, and what the scheduler's own account says of them stands before the
// switch that follows. Those that no switch follows before the end are told.
#pragma once

#include <map>
#include <random>
#include <set>
#include <vector>

#include "model/event.hpp"

namespace triptych::test {

class Concealer {
 public:
  explicit Concealer(std::mt19937& random) : random_(random) {}

  std::vector<model::Event> run(const std::vector<model::Event>& events) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const auto* change = std::get_if<model::Switch>(&events[i].payload);
      if (change != nullptr) last_switch_[events[i].task] = last_switch_[change->next] = i;
    }
    for (position_ = 0; position_ < events.size(); ++position_) {
      const model::Event& event = events[position_];
      if (const auto* wakeup = std::get_if<model::Wakeup>(&event.payload)) {
        on_wakeup(event, *wakeup);
      } else if (const auto* change = std::get_if<model::Switch>(&event.payload)) {
        on_switch(event, *change);
      } else {
        told_.push_back(event);
      }
    }
    return std::move(told_);
  }

 private:
  struct Fate {
    model::TimeNs queued_ns = 0;   // since its last leaving; 0: not
    model::TimeNs arrived_ns = 0;  // and not told of; 0: told of
    bool untold_wakeup = false;
  };

  bool silent(model::TaskId task) { return random_() % 2 == 0 && last_switch_[task] > position_; }

  void on_wakeup(const model::Event& event, const model::Wakeup& wakeup) {
    Fate& fate = fates_[event.task];
    // The one that speaks of a new task's creator is told in the creator's context.
    const bool first = fate.queued_ns == 0 && !wakeup.is_new;
    if (fate.queued_ns == 0) fate.queued_ns = event.ts_ns;
    if (first && off_cpu_.count(event.task) != 0 && silent(event.task)) {
      fate.untold_wakeup = true;
    } else {
      told_.push_back(event);
    }
  }

  void on_switch(const model::Event& event, const model::Switch& change) {
    if (change.prev_target) {
      tell_arrival(event, event.task, fates_[event.task].arrived_ns);
      const bool waits = change.prev_state != 0 && !change.preempt && !change.involuntary;
      fates_[event.task] = {waits ? 0 : event.ts_ns, 0, false};
      off_cpu_.insert(event.task);
    }
    if (change.next_target) {
      off_cpu_.erase(change.next);
      Fate& fate = fates_[change.next];
      if (!change.prev_target && fate.queued_ns != 0 && silent(change.next)) {
        fate.arrived_ns = event.ts_ns;
        return;
      }
      if (fate.untold_wakeup) tell_arrival(event, change.next, event.ts_ns);
      fate = {};
    }
    told_.push_back(event);
  }

  void tell_arrival(const model::Event& at, model::TaskId task, model::TimeNs arrived_ns) {
    if (arrived_ns == 0) return;
    model::Event event = at;
    event.task = task;
    event.payload = model::Arrival{fates_[task].queued_ns, arrived_ns};
    told_.push_back(event);
  }

  std::mt19937& random_;
  std::map<model::TaskId, Fate> fates_;
  std::set<model::TaskId> off_cpu_;  // has left a CPU, and not come back
  std::map<model::TaskId, std::size_t> last_switch_;
  std::size_t position_ = 0;
  std::vector<model::Event> told_;
};

inline std::vector<model::Event> conceal(const std::vector<model::Event>& events,
                                         std::mt19937& random) {
  return Concealer(random).run(events);
}

}  // namespace triptych::test
