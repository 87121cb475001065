// SPDX-License-Identifier: Apache-2.0
//
// Paths while they are counted: each once, whatever the number of events. What a frame is called is
// asked for when all is counted, since names come late.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "profile/profile.hpp"

namespace triptych::profile {

// What a frame stands for; `id` means something else for each.
enum class Subject : std::uint8_t {
  kModel,      // 1: that of a coroutine; 0: that of the task which follows
  kTask,       // serial; 0: a thread of which nothing is known
  kProcess,    // tgid, where no task is known
  kFunction,   // of a coroutine: number
  kCoroutine,  // number
  kWord,       // a Word
  kBlocked,    // key of the system call
  kFaultKind,
  kCreatedBy,
  kOther,  // a task, by serial
  kFork,   // serial of the child
  kStack,  // analyze::StackNumber
};

// Frames that are always called the same.
enum class Word : std::uint8_t {
  kUntold,
  kWoken,
  kPreempted,
  kYielded,
  kInterrupt,
  kNobodyKnown,
  kNotWoken,
  kNoFork,
  kChildsCopies,
  kParentsCopies,
  kPageTableCopy,
  kUnknownCoroutine,
  kOtherCoroutines,
  kAwaitChain,
  kNotAwaited,
};

struct Key {
  Subject subject{};
  std::uint64_t id = 0;
  bool operator==(const Key&) const = default;
};

class PathTable {
 public:
  struct Entry {
    std::uint32_t parent = 0;
    Key key;
    Values self{};
  };

  static constexpr std::uint32_t kRoot = 0;

  // The path that goes on from `parent`.
  std::uint32_t child(std::uint32_t parent, const Key& key);
  void add(std::uint32_t path, const Values& values);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }  // [0] is no frame

 private:
  struct Step {
    std::uint32_t parent;
    Key key;
    bool operator==(const Step&) const = default;
  };
  struct StepHash {
    std::size_t operator()(const Step& step) const;
  };

  std::vector<Entry> entries_{Entry{}};
  std::vector<std::uint32_t> last_child_{kRoot};  // of each entry, as it was asked for last
  std::unordered_map<Step, std::uint32_t, StepHash> index_;
};

}  // namespace triptych::profile
