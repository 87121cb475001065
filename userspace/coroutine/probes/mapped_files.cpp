// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/mapped_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

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
    UniqueFd file =
        open_file(fmt::format("/proc/{}/map_files/{}", tgid, words.substr(0, blank)), seen);
    if (file) found.push_back({std::string(words.substr(slash)), std::move(file)});
  }
  return found;
}

}  // namespace triptych::coroutine::probes
