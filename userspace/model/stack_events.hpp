// SPDX-License-Identifier: Apache-2.0
//
// Stacks and what names their frames: a part of model::Event, by its rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/fixed_string.hpp"
#include "model/ids.hpp"

namespace triptych::model {

inline constexpr std::size_t kMaxFrames = 124;

// Where a stack ends.
enum class StackEnd : std::uint8_t {
  kNotTold,        // it was walked by the frame pointer, or not at all
  kFirstFunction,  // the first one of the thread: there is nobody to return to
  kCopyEnds,       // the copied memory does not reach further
  kUnreadable,     // the memory could not be read
  kNoRules,        // code that does not say how to unwind it
  kNoCode,         // no code is known at the address
  kNonsense,       // the rules lead nowhere
  kTooDeep,        // there may be more frames than model::kMaxFrames
};
inline constexpr std::size_t kStackEnds = 8;

// What StackId `id` means; may come a moment after the first event that has it.
struct Stack {
  StackId id{};
  MmId mm{};  // whose addresses they are; kNoMm of a kernel stack
  bool kernel = false;
  bool cut = false;      // there may be more frames than there is room for
  bool symbols = false;  // kernel: KernelFrame::coded instead of addresses
  StackEnd end = StackEnd::kNotTold;
  std::uint16_t frames = 0;
  std::array<std::uint64_t, kMaxFrames> frame{};  // innermost first
  bool operator==(const Stack&) const = default;
};

// No address of the kernel's is in a trace: its frames are symbols by number, and offsets in them.
struct KernelFrame {
  std::uint32_t symbol = 0;
  std::uint32_t offset = 0;

  [[nodiscard]] std::uint64_t coded() const { return std::uint64_t{symbol} << 32 | offset; }
  static KernelFrame of(std::uint64_t coded) {
    return {static_cast<std::uint32_t>(coded >> 32), static_cast<std::uint32_t>(coded)};
  }
};

enum class StackWhat : std::uint8_t { kSwitch = 1, kWakeup = 2, kTaskNew = 3, kFault = 4 };

// Event::task's stacks, of the event of this kind that follows on the same CPU with the same time.
struct StackOf {
  StackId user{};  // kNoStack: not asked for, or not to be had
  StackId kernel{};
  StackWhat what = StackWhat::kSwitch;
  bool operator==(const StackOf&) const = default;
};

inline constexpr std::size_t kStackPiece = 1024;
inline constexpr std::size_t kRegisters = 17;

// Memory of a user stack that is to be unwound: what stands before StackCopy `id` on the same CPU,
// with the same time, belongs to it.
struct StackBytes {
  StackId id{};
  std::uint64_t address = 0;
  std::array<std::uint8_t, kStackPiece> bytes{};
  bool operator==(const StackBytes&) const = default;
};

// Event::task's registers in user mode.
struct StackCopy {
  StackId id{};
  MmId mm{};
  std::uint16_t pieces = 0;
  bool unreadable = false;                            // it ends where memory could not be read
  std::array<std::uint64_t, kRegisters> registers{};  // by DWARF's numbers
  bool operator==(const StackCopy&) const = default;
};

// Event::task was running.
struct Sample {
  std::uint64_t period_ns = 0;  // one sample stands for this much time
  StackId user{};
  StackId kernel{};
  MmId mm{};
  bool in_kernel = false;
  bool operator==(const Sample&) const = default;
};

// What a kernel frame's number means.
struct KernelSymbol {
  std::uint32_t symbol = 0;
  FixedString<128> name{};   // empty: the kernel has none for the address
  FixedString<56> module{};  // empty: the kernel itself
  bool operator==(const KernelSymbol&) const = default;
};

// Code appeared in an address space: that of process `tgid` then. It takes the place of what was
// there.
struct Map {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t inode = 0;   // 0: not known
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  Tid tgid = 0;
  bool fresh = false;  // the first one of an exec, whose TaskExec is still to come
  bool there = false;  // it was there when the recording of the process began
  bool path_cut = false;
  std::uint8_t build_id_size = 0;  // 0: not known
  std::array<std::uint8_t, 20> build_id{};
  FixedString<896> path{};  // as the process sees it
  bool operator==(const Map&) const = default;
};

// A function of a mapped file, by the file's build id, or where none is known by its inode.
struct FileSymbol {
  std::uint64_t offset = 0;  // in the file
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint8_t build_id_size = 0;
  std::array<std::uint8_t, 20> build_id{};
  FixedString<952> name{};  // as its source has it; may be cut
  bool operator==(const FileSymbol&) const = default;
};

// A function that the compiler put into another one, at this place.
struct FileInlined {
  FileSymbol symbol;
  std::uint8_t depth = 1;  // in the function itself; 2: in one that is inlined there, and so on
  bool operator==(const FileInlined&) const = default;
};

// A function of code that belongs to no file, as process `tgid` itself named it.
struct JitSymbol {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  Tid tgid = 0;
  FixedString<984> name{};  // may be cut
  bool operator==(const JitSymbol&) const = default;
};

}  // namespace triptych::model
