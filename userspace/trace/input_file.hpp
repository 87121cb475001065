// SPDX-License-Identifier: Apache-2.0
//
// Random access to a file that may shrink while it is read: pread, never a mapping, so that what is
// gone is a short read and not a signal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/unique_fd.hpp"

namespace triptych::trace {

class InputFile {
 public:
  InputFile(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

  // Fills all of `out` from `offset`; false at the end of the file or on an error.
  [[nodiscard]] bool read_at(std::uint64_t offset, std::span<std::byte> out);

  [[nodiscard]] UniqueFd release() { return std::move(fd_); }  // at offset 0 still

  [[nodiscard]] std::uint64_t size() const { return size_; }  // when it was opened
  [[nodiscard]] int error() const { return error_; }  // errno of the first failed read, or 0

 private:
  UniqueFd fd_;
  std::uint64_t size_;
  int error_ = 0;
};

}  // namespace triptych::trace
