// SPDX-License-Identifier: Apache-2.0
//
// Reads one thread's ring from a place of its own: the program only ever writes on. What it has
// overwritten before it was read is counted.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "coroutine/ring/memory.hpp"

namespace triptych::coroutine::ring {

class SlotReader {
 public:
  SlotReader(const Memory& memory, std::uint32_t slot, std::uint64_t position)
      : memory_(&memory), slot_(slot), position_(position), limit_(position) {}

  // Events written before this moment may be read from now on. `most` is what a thread can have
  // written since the last time; a ring that claims more is not read again.
  void set_limit(std::uint64_t most);

  // The next event, or none below the limit.
  const triptych_coro_event* peek();
  void pop();

  // Events before the one that peek() gave which are gone; 0 from then on.
  std::uint64_t take_lost();

  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] bool impossible() const { return impossible_; }
  [[nodiscard]] std::uint64_t waiting() const { return limit_ - position_; }

 private:
  bool refill();

  static constexpr std::uint64_t kBatch = 256;

  const Memory* memory_;
  std::uint32_t slot_;
  bool impossible_ = false;
  std::uint64_t position_;  // of the next event to deliver
  std::uint64_t limit_;
  std::uint64_t batch_begin_ = 0;
  std::uint64_t batch_end_ = 0;
  std::uint64_t lost_ = 0;
  std::array<triptych_coro_event, kBatch> batch_{};
};

}  // namespace triptych::coroutine::ring
