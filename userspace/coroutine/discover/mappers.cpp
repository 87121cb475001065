// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/mappers.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

#include "coroutine/probes/mapped_files.hpp"

namespace triptych::coroutine::discover {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

std::optional<pid_t> number_of(std::string_view name) {
  pid_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// Not by device: some file systems tell another one in maps than in stat. What the line is about
// can be looked at by its range.
bool maps(pid_t tgid, const struct stat& wanted) {
  std::ifstream lines(fmt::format("/proc/{}/maps", tgid));
  const std::string inode = fmt::format(" {} ", wanted.st_ino);
  // "55d0c4a00000-55d0c4a01000 r-xp 00001000 fe:00 1057                       /usr/bin/program"
  for (std::string line; std::getline(lines, line);) {
    const std::string_view words(line);
    const std::size_t blank = words.find(' ');
    if (blank == words.npos || words.substr(blank + 1, 4).find('x') == words.npos) continue;
    if (words.find(inode) == words.npos) continue;
    const std::string mapping = probes::path_of_mapping(tgid, words.substr(0, blank));
    struct stat found {};
    if (::stat(mapping.c_str(), &found) != 0) continue;
    if (found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev) return true;
  }
  return false;
}

}  // namespace

std::vector<Mapper> mappers_of(int file) {
  std::vector<Mapper> found;
  struct stat wanted {};
  if (::fstat(file, &wanted) != 0) return found;
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir("/proc"));
  if (!directory) return found;
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto tgid = number_of(entry->d_name);
    if (!tgid || !maps(*tgid, wanted)) continue;
    Mapper mapper{*tgid, {}};
    std::ifstream comm(fmt::format("/proc/{}/comm", *tgid));
    std::getline(comm, mapper.name);
    found.push_back(std::move(mapper));
  }
  return found;
}

}  // namespace triptych::coroutine::discover
