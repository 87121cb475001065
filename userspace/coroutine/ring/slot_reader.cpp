// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/slot_reader.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace triptych::coroutine::ring {

void SlotReader::set_limit(std::uint64_t most) {
  if (impossible_) return;
  const std::uint64_t head = memory_->head(slot_);
  // Heads only ever grow, and not at any speed: this one was written by something else.
  if (head < limit_ || head - limit_ > most) {
    impossible_ = true;
    position_ = limit_;
    return;
  }
  limit_ = head;
}

const triptych_coro_event* SlotReader::peek() {
  if (position_ < batch_end_) return &batch_[position_ - batch_begin_];
  return refill() ? &batch_[position_ - batch_begin_] : nullptr;
}

void SlotReader::pop() {
  ++position_;
}

std::uint64_t SlotReader::take_lost() {
  return std::exchange(lost_, 0);
}

// Copies, and looks afterwards whether the writer has come around meanwhile: he may be writing over
// the oldest event right now, so that one does not count as read either.
bool SlotReader::refill() {
  while (!impossible_ && position_ < limit_) {
    batch_begin_ = position_;
    batch_end_ = std::min(limit_, position_ + kBatch);
    for (std::uint64_t at = batch_begin_; at < batch_end_; ++at) {
      batch_[at - batch_begin_] = memory_->event(slot_, at);
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    const std::uint64_t head = memory_->head(slot_);
    const std::uint64_t size = memory_->ring_events();
    const std::uint64_t oldest = head >= size ? head - size + 1 : 0;
    if (oldest <= position_) return true;
    const std::uint64_t next = std::min(oldest, limit_);
    lost_ += next - position_;
    position_ = next;
    if (position_ < batch_end_) return true;
  }
  batch_end_ = position_;
  return false;
}

}  // namespace triptych::coroutine::ring
