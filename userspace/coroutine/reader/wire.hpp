// SPDX-License-Identifier: Apache-2.0
//
// Values as bytes, one after another, and back. What is read is anybody's: from the first value on
// that is not there, or not one, everything is zero and empty, and whoever reads asks in the end
// whether it was `whole`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace triptych::coroutine::reader {

inline constexpr std::size_t kMostText = 64 << 10;  // bytes of one

class WireWriter {
 public:
  void number(std::uint64_t value) { plain(value); }
  void flag(bool value) { number(value ? 1 : 0); }
  void text(std::string_view value);  // no more than kMostText of it

  // What has no gap in it that would tell something of our memory.
  template <class T>
  void plain(const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>);
    append(&value, sizeof value);
  }

  [[nodiscard]] const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  void append(const void* from, std::size_t size);
  std::vector<std::byte> bytes_;
};

class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::uint64_t number(std::uint64_t most = ~std::uint64_t{0});
  bool flag() { return number(1) != 0; }
  std::string text();
  // For people: harmless on a terminal, whatever was written.
  std::string sentence();
  // Of things of which each takes at least `least_bytes`: no more than there can be.
  std::size_t count(std::size_t least_bytes);

  template <class T>
  T plain() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const std::span<const std::byte> bytes = take(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  void check(bool holds) {
    if (!holds) refuse();
  }
  // Nothing was wrong, and nothing is left.
  [[nodiscard]] bool whole() const { return !refused_ && rest_.empty(); }

 private:
  void refuse();
  std::span<const std::byte> take(std::size_t size);

  std::span<const std::byte> rest_;
  bool refused_ = false;
};

}  // namespace triptych::coroutine::reader
