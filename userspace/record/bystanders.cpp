// SPDX-License-Identifier: Apache-2.0
#include "record/bystanders.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstddef>
#include <limits>
#include <vector>

#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"

namespace triptych::record {

std::string bystanders_of(int file, const std::string& path, pid_t target, bool only_serves) {
  constexpr std::size_t kMostNamed = 8;
  struct stat status {};
  if (::fstat(file, &status) != 0) return {};
  std::vector<std::string> names;
  const auto others =
      coroutine::probes::mappers_of(status, target, std::numeric_limits<std::size_t>::max());
  const std::size_t count = others.size();
  for (const auto& mapper : others) {
    if (names.size() == kMostNamed) break;
    names.push_back(fmt::format("process {} ({})", mapper.tgid, escape(mapper.name)));
  }
  if (names.empty()) return {};
  if (only_serves) {
    return fmt::format(
        "its probe in {} is in {} other {}, too, and slows down who calls setcontext", quote(path),
        count, count == 1 ? "process" : "processes");
  }
  return fmt::format("its probes in {} slow down {}{}, too", quote(path), fmt::join(names, ", "),
                     count > kMostNamed ? fmt::format(" and {} more", count - kMostNamed) : "");
}

}  // namespace triptych::record
