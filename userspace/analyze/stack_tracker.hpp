// SPDX-License-Identifier: Apache-2.0
//
// Gives each event its stacks, and adds up what was waited and computed in which.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyze/counting_window.hpp"
#include "analyze/stack_copies.hpp"
#include "analyze/stacks.hpp"
#include "analyze/summary.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class StackTracker {
 public:
  explicit StackTracker(const CountingWindow& window) : window_(window) {}

  // True for events that say what others mean, and are none themselves.
  bool on_event(const model::Event& event);
  // Of this event, if it has any: told just before it.
  Stacks of(const model::Event& event, model::StackWhat what);

  Stacks on_sample(const model::Event& event, const model::Sample& sample);
  // Blocked in this system call (see blocked_name), for so long.
  void waited(const Stacks& stacks, std::int32_t key, std::uint64_t time_ns);

  void unwind_with(Unwinder* unwinder) { copies_.unwind_with(unwinder); }
  [[nodiscard]] StackTable& table() { return table_; }
  void finish(Summary& summary);

 private:
  struct Pending {
    model::TimeNs ts_ns = 0;
    model::StackOf of;
  };
  struct Place {
    Stacks stacks;
    std::int32_t key = 0;
    bool operator==(const Place&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Place& place) const;
  };
  using Sums = std::unordered_map<Place, StackSum, Hash>;
  static std::vector<StackSum> longest(const Sums& sums);

  const CountingWindow& window_;
  StackTable table_;
  StackCopies copies_;
  std::vector<Pending> pending_;  // by CPU
  Sums waits_, runs_;
  std::uint64_t without_ns_ = 0;  // blocked, and no stack tells where
};

}  // namespace triptych::analyze
