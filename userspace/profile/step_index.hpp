// SPDX-License-Identifier: Apache-2.0
//
// Finds the entries of a table that grows: there may be hundreds of thousands of them, and this
// takes 8 bytes for each, beside what they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace triptych::profile {

class StepIndex {
 public:
  static constexpr std::uint32_t kNone = 0xffffffff;

  // The position of the entry with this hash for which is_it(position) holds, or kNone.
  template <class IsIt>
  [[nodiscard]] std::uint32_t find(std::uint64_t hash, const IsIt& is_it) const {
    if (slots_.empty()) return kNone;
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.position == kNone) return kNone;
      if (slot.tag == tag && is_it(slot.position)) return slot.position;
    }
  }

  // One that is not there yet. `hash_of(position)` is what the entries had been added by.
  template <class HashOf>
  void add(std::uint64_t hash, std::uint32_t position, const HashOf& hash_of) {
    if (2 * (count_ + 1) > slots_.size()) grow(hash_of);
    put(hash, position);
    ++count_;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t position = kNone;
  };

  template <class HashOf>
  void grow(const HashOf& hash_of) {
    std::vector<Slot> before(slots_.empty() ? kFirst : 2 * slots_.size());
    before.swap(slots_);
    for (const Slot& slot : before) {
      if (slot.position != kNone) put(hash_of(slot.position), slot.position);
    }
  }

  void put(std::uint64_t hash, std::uint32_t position) {
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].position != kNone) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = {static_cast<std::uint32_t>(hash >> 32), position};
  }

  static constexpr std::size_t kFirst = 64;  // a power of two
  std::vector<Slot> slots_;
  std::size_t count_ = 0;
};

}  // namespace triptych::profile
