// SPDX-License-Identifier: Apache-2.0
//
// Numbers out of bytes that nobody vouches for: what is not there reads as zero, and says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace triptych::coroutine::discover {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

  template <class T>
  T number() {
    T value{};
    if (left() < sizeof value) {
      failed_ = true;
      at_ = bytes_.size();
      return value;
    }
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  void skip(std::uint64_t size) {
    if (size > left()) {
      failed_ = true;
      size = left();
    }
    at_ += static_cast<std::size_t>(size);
  }

  // LEB128; bits beyond 64 are dropped.
  std::uint64_t uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = number<std::uint8_t>();
      if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }

 private:
  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace triptych::coroutine::discover
