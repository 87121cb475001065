// SPDX-License-Identifier: Apache-2.0
#include "cli/own_program.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>

namespace triptych::cli {

Result<std::string> own_program() {
  std::array<char, 4096> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) return fail_errno("cannot read /proc/self/exe", errno);
  return std::string(path.data(), static_cast<std::size_t>(length));
}

}  // namespace triptych::cli
