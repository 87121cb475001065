// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/mapped_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>

namespace triptych::coroutine::probes {
namespace {

constexpr std::size_t kMostFiles = 4096;

// Looked at before it is opened: opening a device or a pipe may do or wait for something.
UniqueFd open_file(const std::string& path, std::set<std::pair<dev_t, ino_t>>& seen) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  if (!seen.insert({status.st_dev, status.st_ino}).second) return UniqueFd();
  return UniqueFd(
      ::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace

std::string path_of_mapping(pid_t tgid, std::string_view range) {
  const auto without_zeros = [](std::string_view number) {
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
  };
  const std::size_t dash = std::min(range.find('-'), range.size());
  return fmt::format("/proc/{}/map_files/{}-{}", tgid, without_zeros(range.substr(0, dash)),
                     without_zeros(range.substr(std::min(dash + 1, range.size()))));
}

std::vector<MappedFile> mapped_programs(pid_t tgid) {
  std::vector<MappedFile> found;
  std::set<std::pair<dev_t, ino_t>> seen;
  std::ifstream maps(fmt::format("/proc/{}/maps", tgid));
  // "55d0c4a00000-55d0c4a01000 r-xp 00001000 fe:00 1057                       /usr/bin/program"
  for (std::string line; std::getline(maps, line) && found.size() < kMostFiles;) {
    const std::string_view words(line);
    const std::size_t blank = words.find(' ');
    const std::size_t slash = words.find('/');
    if (slash == std::string_view::npos || words.substr(blank + 1, 4).find('x') == words.npos) {
      continue;
    }
    UniqueFd file = open_file(path_of_mapping(tgid, words.substr(0, blank)), seen);
    if (file) found.push_back({std::string(words.substr(slash)), std::move(file)});
  }
  return found;
}

}  // namespace triptych::coroutine::probes
