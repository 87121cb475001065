// SPDX-License-Identifier: Apache-2.0
//
// A program's recorder memory (<triptych/coroutine_memory.h>), mapped for reading. Every byte may
// be changed by the program at any time: each figure is read once, and bounded before it is used.
// The seals make sure that reading never faults.
#pragma once

#include <triptych/coroutine_memory.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/shared_mapping.hpp"
#include "base/unique_fd.hpp"

namespace triptych::coroutine::ring {

struct SlotState {
  std::uint64_t claim_head = 0;
  std::uint32_t state = 0;
  std::uint32_t tid = 0;
};

struct FunctionEntry {
  std::uint64_t address = 0;
  std::uint32_t line = 0;
  std::string name;
};

class Memory {
 public:
  // Refused: what is not a memfd with exactly the recorder's seals, size and version.
  static Result<Memory> open(UniqueFd fd);

  [[nodiscard]] std::uint32_t clock() const { return clock_; }  // enum triptych_coro_clock
  [[nodiscard]] bool uses_tsc() const { return clock_ == TRIPTYCH_CORO_CLOCK_TSC; }
  [[nodiscard]] std::uint64_t ring_bytes() const { return ring_bytes_; }
  [[nodiscard]] std::uint64_t ring_events() const {
    return ring_bytes_ / sizeof(triptych_coro_event);
  }
  // Which file it is, so that it is not read twice.
  [[nodiscard]] std::uint64_t inode() const { return inode_; }

  [[nodiscard]] std::uint32_t armed() const;
  [[nodiscard]] std::uint64_t armed_until() const;  // in units of the program's clock
  // By writing into the file: the mapping is for reading only.
  Result<void> arm(std::uint32_t number) const;
  Result<void> answer_until(std::uint64_t stamp) const;
  void free_slot(std::uint32_t slot) const;

  [[nodiscard]] std::uint32_t slots_used() const;  // at most TRIPTYCH_CORO_SLOTS
  [[nodiscard]] std::uint64_t no_slot_events() const;
  [[nodiscard]] std::uint64_t head(std::uint32_t slot) const;
  [[nodiscard]] SlotState slot(std::uint32_t slot) const;
  [[nodiscard]] triptych_coro_event event(std::uint32_t slot, std::uint64_t position) const;
  [[nodiscard]] triptych_coro_totals totals(std::uint32_t slot, std::uint32_t function) const;
  // None while the program has not finished writing it.
  [[nodiscard]] std::optional<FunctionEntry> function(std::uint32_t index) const;
  [[nodiscard]] bool function_used(std::uint32_t index) const;

 private:
  Memory() = default;
  [[nodiscard]] const std::byte* data() const { return mapping_.bytes().data(); }
  [[nodiscard]] const std::byte* slot_at(std::uint32_t slot) const;
  template <class T>
  Result<void> put(T value, std::size_t offset) const;

  UniqueFd fd_;
  SharedMapping mapping_;
  std::uint64_t ring_bytes_ = 0;
  std::uint64_t inode_ = 0;
  std::uint32_t clock_ = 0;
};

}  // namespace triptych::coroutine::ring
