// SPDX-License-Identifier: Apache-2.0
//
// What the frames of a profile are called, by the names that the tasks had in the end.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyze/summary.hpp"
#include "profile/path_table.hpp"
#include "profile/profile.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::profile {

class FrameNames {
 public:
  FrameNames(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
             bool without_ids);

  // Innermost first; until the next call.
  [[nodiscard]] const symbol::resolve::FrameList& frames_of(analyze::StackNumber stack) {
    return resolver_.frames(stack);
  }
  [[nodiscard]] static Frame frame_of(const symbol::resolve::Frame& frame);
  [[nodiscard]] static Frame frame_of(Word which);
  // The frames that any other step of a path stands for, outermost first. A model is told with its
  // task.
  [[nodiscard]] std::vector<Frame> frames_of(const Key& key, const Key& before);

 private:
  [[nodiscard]] std::vector<Frame> task_frames(std::uint64_t serial, bool coroutine) const;
  [[nodiscard]] Frame process_frame(model::Tid tgid, const analyze::Task* member) const;
  [[nodiscard]] std::string label(std::uint64_t serial) const;
  [[nodiscard]] std::string label(const std::string& comm, model::Tid tid) const;
  [[nodiscard]] std::string fork_label(std::uint64_t child) const;
  [[nodiscard]] std::string function_label(std::uint64_t number) const;

  symbol::resolve::Resolver& resolver_;
  bool without_ids_;
  std::unordered_map<std::uint64_t, const analyze::Task*> tasks_;  // by serial
  // First threads, by tgid, in the order in which they came into being.
  std::unordered_map<model::Tid, std::vector<const analyze::Task*>> leaders_;
  std::unordered_map<std::uint64_t, const analyze::Fork*> forks_;  // by serial of the child
  std::unordered_map<std::uint64_t, const analyze::CoroutineFunction*> functions_;  // by number
};

}  // namespace triptych::profile
