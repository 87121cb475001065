// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <utility>

#include "base/error.hpp"

namespace triptych {

// Owns one mapping of memory that is shared with its file, from the file's beginning; none at
// first.
class SharedMapping {
 public:
  SharedMapping() noexcept = default;
  // `fd` stays the caller's; `protection` is mmap's.
  static Result<SharedMapping> map(int fd, std::size_t size, int protection) {
    void* at = ::mmap(nullptr, size, protection, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (at == MAP_FAILED) return fail_errno("map memory", errno);
    return SharedMapping({static_cast<std::byte*>(at), size});
  }
  SharedMapping(SharedMapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  SharedMapping& operator=(SharedMapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SharedMapping() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
  }

  [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  explicit SharedMapping(std::span<std::byte> bytes) noexcept : bytes_(bytes) {}

  std::span<std::byte> bytes_;
};

}  // namespace triptych
