// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace triptych::model {

// A NUL-padded name of at most N bytes, kept in place so that events need no allocation.
template <std::size_t N>
struct FixedString {
  std::array<char, N> bytes{};

  [[nodiscard]] std::string_view view() const {
    std::string_view whole(bytes.data(), N);
    return whole.substr(0, whole.find('\0'));
  }
  void assign(std::string_view text) {
    bytes = {};
    text.copy(bytes.data(), N);
  }
  bool operator==(const FixedString&) const = default;
};

}  // namespace triptych::model
