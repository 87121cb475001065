// SPDX-License-Identifier: Apache-2.0
//
// A file without a name, for what reads and writes descriptors.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "base/unique_fd.hpp"

namespace triptych::test {

class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("test", MFD_CLOEXEC)) { TRIPTYCH_CHECK(fd_); }
  explicit MemoryFile(std::span<const std::byte> bytes) : MemoryFile() {
    const ssize_t done = ::pwrite(fd_.get(), bytes.data(), bytes.size(), 0);
    TRIPTYCH_CHECK(done == static_cast<ssize_t>(bytes.size()));
  }
  explicit MemoryFile(std::string_view text) : MemoryFile(std::as_bytes(std::span(text))) {}

  // Another descriptor of the same file, to be given away. It shares the file offset.
  [[nodiscard]] UniqueFd fd() const {
    UniqueFd copy(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    TRIPTYCH_CHECK(copy);
    return copy;
  }

  [[nodiscard]] std::vector<std::byte> contents() const {
    const off_t size = ::lseek(fd_.get(), 0, SEEK_END);
    ::lseek(fd_.get(), 0, SEEK_SET);
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    TRIPTYCH_CHECK(::pread(fd_.get(), bytes.data(), bytes.size(), 0) == size);
    return bytes;
  }

 private:
  UniqueFd fd_;
};

}  // namespace triptych::test
