// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

namespace triptych::workloads {

// First in, first out; grows and never shrinks, so that in a steady state nothing is allocated.
template <typename T>
class ReadyQueue {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }

  void push(T item) {
    if (size_ == slots_.size()) grow();
    slots_[(front_ + size_) & (slots_.size() - 1)] = item;
    ++size_;
  }

  // The queue is not empty.
  T pop() {
    T item = slots_[front_];
    front_ = (front_ + 1) & (slots_.size() - 1);
    --size_;
    return item;
  }

 private:
  void grow() {
    std::vector<T> larger(slots_.empty() ? 16 : 2 * slots_.size());  // always a power of two
    for (std::size_t i = 0; i < size_; ++i) larger[i] = slots_[(front_ + i) & (slots_.size() - 1)];
    slots_.swap(larger);
    front_ = 0;
  }

  std::vector<T> slots_;
  std::size_t front_ = 0;
  std::size_t size_ = 0;
};

}  // namespace triptych::workloads
