// SPDX-License-Identifier: Apache-2.0
//
// Paths while they are counted: each once, whatever the number of events. What a frame is called is
// asked for when all is counted, since names come late.
#pragma once

#include <cstdint>
#include <vector>

#include "profile/profile.hpp"
#include "profile/step_index.hpp"

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
  kOtherPaths,
};

struct Key {
  Subject subject{};
  std::uint64_t id = 0;
  bool operator==(const Key&) const = default;
};

// Who was woken by whom, and by whom that one, may be another path at each event. Beyond a number
// of paths new ones that go on from a path are counted as one, so that memory has a limit; models,
// tasks, processes and forks are always told apart.
class PathTable {
 public:
  struct Entry {
    std::uint32_t parent = 0;
    Key key;
    Values self{};
  };

  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::size_t kMost = 400'000;

  explicit PathTable(std::size_t most = kMost) : most_(most) {}

  // The path that goes on from `parent`.
  std::uint32_t child(std::uint32_t parent, const Key& key);
  void add(std::uint32_t path, const Values& values);

  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }  // [0] is no frame
  [[nodiscard]] std::size_t most() const { return most_; }
  [[nodiscard]] bool is_full() const { return full_; }  // some are not told apart

 private:
  static std::uint64_t hash_of(std::uint32_t parent, const Key& key);
  std::uint32_t look_up(std::uint32_t parent, const Key& key);

  std::size_t most_;
  bool full_ = false;
  std::vector<Entry> entries_{Entry{}};
  std::vector<std::uint32_t> last_child_{kRoot};  // of each entry, as it was asked for last
  StepIndex index_;
};

}  // namespace triptych::profile
