// SPDX-License-Identifier: Apache-2.0
#include "trace/input_file.hpp"

#include <unistd.h>

#include <cerrno>

namespace triptych::trace {

bool InputFile::read_at(std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t done = ::pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0 && error_ == 0) error_ = errno;
    if (done <= 0) return false;
    offset += static_cast<std::uint64_t>(done);
    out = out.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace triptych::trace
