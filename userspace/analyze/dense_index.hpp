// SPDX-License-Identifier: Apache-2.0
//
// Serial number → position in a vector. Serials are dense in an honest trace, so a plain table
// does; a serial far beyond the number of entries (a damaged or hostile trace) goes to a hash map,
// so that memory follows the number of distinct serials and never their value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace triptych::analyze {

template <typename Id>
class DenseIndex {
 public:
  static constexpr std::uint32_t kNone = ~0u;

  [[nodiscard]] std::uint32_t find(Id id) const {
    const auto key = static_cast<std::uint32_t>(id);
    if (key < table_.size() && table_[key] != kNone) return table_[key];
    if (sparse_.empty()) return kNone;
    const auto found = sparse_.find(key);
    return found == sparse_.end() ? kNone : found->second;
  }

  void insert(Id id, std::uint32_t position) {
    const auto key = static_cast<std::uint32_t>(id);
    ++entries_;
    if (key >= table_.size()) {
      const std::size_t limit = kFreeRoom + kRoomPerEntry * entries_;
      if (key >= limit) {
        sparse_.emplace(key, position);
        return;
      }
      table_.resize(key + std::size_t{1}, kNone);
    }
    table_[key] = position;
  }

 private:
  static constexpr std::size_t kFreeRoom = 1u << 16;
  static constexpr std::size_t kRoomPerEntry = 16;

  std::vector<std::uint32_t> table_;
  std::unordered_map<std::uint32_t, std::uint32_t> sparse_;
  std::size_t entries_ = 0;
};

}  // namespace triptych::analyze
