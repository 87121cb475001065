// SPDX-License-Identifier: Apache-2.0
//
// A profile: what was spent, by path of frames, from the outermost inwards. Writers format it and
// compute nothing. The texts are as the trace has them: each writer makes harmless what its form
// would take for its own.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "model/ids.hpp"
#include "profile/kind.hpp"

namespace triptych::profile {

using Values = std::array<std::uint64_t, kMaxUnits>;  // by the positions of units_of()

enum class Category : std::uint8_t {
  kModel,      // "process", "thread", "coroutine"
  kProcess,    // "sh (100)"
  kThread,     // likewise
  kCoroutine,  // its function
  kReason,     // "blocked: read", "woken", "first_touch"
  kTask,       // another task: a waker
  kFork,       // that is charged
  kUser,       // a function of the program
  kKernel,     // a function of the kernel
};
std::string_view name_of(Category category);

struct Frame {
  Category category{};
  std::string text;
  model::Tid tid = 0;  // of a thread; 0: not told apart
  bool operator<(const Frame& other) const {
    return text != other.text ? text < other.text : category < other.category;
  }
};

struct Node {
  std::uint32_t parent = 0;
  std::uint32_t frame = 0;  // into Profile::frames
  std::uint32_t depth = 0;
  Values self{}, total{};
};

struct Profile {
  Kind kind{};
  std::vector<Frame> frames;  // each of them once
  std::vector<Node> nodes;    // parents before children, siblings by text; [0] is all, and no frame
  std::string command;        // that was recorded, escaped
  std::uint64_t begin_ns = 0, duration_ns = 0;  // the part of the recording, since its beginning
  std::uint64_t realtime_ns = 0;                // the recording began
  std::vector<std::string> choices;             // of what: "process redis-server"
  std::vector<std::string> notes;               // what is not in it, and why
  std::string all_whole;  // the one of the notes by which nothing is amiss; empty: none is
  // Of the notes, those that say why it has no functions, or is empty: to be told to whoever asks
  // for it, too.
  std::vector<std::string> warnings;
};

// The texts of a path, outermost first.
std::vector<std::uint32_t> path_of(const Profile& profile, std::uint32_t node);

}  // namespace triptych::profile
