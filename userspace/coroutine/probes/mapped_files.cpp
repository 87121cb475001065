// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/mapped_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

namespace triptych::coroutine::probes {
namespace {

constexpr std::size_t kMostFiles = 4096;

// `place` is looked at first: opening a device or a pipe may do or wait for something.
UniqueFd open_file(const UniqueFd& place, std::set<std::pair<dev_t, ino_t>>& seen) {
  struct stat status {};
  if (::fstat(place.get(), &status) != 0 || !S_ISREG(status.st_mode)) return UniqueFd();
  if (!seen.insert({status.st_dev, status.st_ino}).second) return UniqueFd();
  return UniqueFd(
      ::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
}

struct Line {
  std::string_view range;
  std::uint64_t begin = 0, end = 0, offset = 0;
  std::string_view file;  // its device and inode
  std::string_view inode;
  std::string_view path;
};

std::uint64_t hexadecimal(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return value;
}

// What is mapped for execution, until `take` says that it is enough.
void for_each_mapping(pid_t tgid, const std::function<bool(const Line&)>& take) {
  std::ifstream maps(fmt::format("/proc/{}/maps", tgid));
  // "55d0c4a00000-55d0c4a01000 r-xp 00001000 fe:00 1057                       /usr/bin/program"
  for (std::string text; std::getline(maps, text);) {
    const std::string_view words(text);
    const std::size_t blank = words.find(' ');
    const std::size_t slash = words.find('/');
    if (slash == std::string_view::npos || words.substr(blank + 1, 4).find('x') == words.npos) {
      continue;
    }
    Line line;
    line.range = words.substr(0, blank);
    line.begin = hexadecimal(line.range);
    line.end = hexadecimal(line.range.substr(line.range.find('-') + 1));
    line.offset = hexadecimal(words.substr(std::min(blank + 6, words.size())));
    const std::size_t path_begins = words.find_last_not_of(' ', slash - 1);
    line.file = words.substr(0, path_begins + 1);
    line.inode = line.file;
    line.inode.remove_prefix(line.inode.rfind(' ') + 1);
    line.file.remove_prefix(line.file.rfind(' ', line.file.rfind(' ') - 1) + 1);
    line.path = words.substr(slash);
    if (!take(line)) return;
  }
}

// Of the mapped file itself, whatever it is called by now.
bool status_of(pid_t tgid, const Line& line, struct stat* status) {
  return ::stat(path_of_mapping(tgid, line.range).c_str(), status) == 0;
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
  std::set<std::string> known;
  return mapped_programs(tgid, known).files;
}

MappedPrograms mapped_programs(pid_t tgid, std::set<std::string>& known) {
  MappedPrograms found;
  std::set<std::pair<dev_t, ino_t>> seen;
  for_each_mapping(tgid, [&](const Line& line) {
    if (known.find(std::string(line.file)) == known.end()) {
      const UniqueFd place(::open(path_of_mapping(tgid, line.range).c_str(), O_PATH | O_CLOEXEC));
      if (!place) return true;
      known.emplace(line.file);
      UniqueFd file = open_file(place, seen);
      if (file) found.files.push_back({std::string(line.path), std::move(file)});
    }
    found.known_at.push_back({line.begin, line.end});
    return found.files.size() < kMostFiles;
  });
  return found;
}

std::optional<Mapping> mapping_at(pid_t tgid, std::uint64_t address) {
  std::optional<Mapping> found;
  for_each_mapping(tgid, [&](const Line& line) {
    if (address < line.begin || address >= line.end) return true;
    struct stat status {};
    if (status_of(tgid, line, &status)) {
      found = Mapping{status.st_dev, status.st_ino, line.offset + (address - line.begin)};
    }
    return false;
  });
  return found;
}

std::vector<Mapper> mappers_of(const struct stat& file, pid_t but, std::size_t most) {
  return mappers_of(
      file, [but](pid_t tgid) { return tgid == but; }, most);
}

std::vector<Mapper> mappers_of(const struct stat& file, const std::function<bool(pid_t)>& is_ours,
                               std::size_t most) {
  std::vector<Mapper> found;
  std::error_code error;
  const std::string inode = fmt::format("{}", file.st_ino);
  for (std::filesystem::directory_iterator at("/proc", error), end;
       !error && at != end && found.size() < most; at.increment(error)) {
    const std::string name = at->path().filename();
    const pid_t tgid = static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10));
    if (tgid <= 0) continue;
    bool maps = false;
    for_each_mapping(tgid, [&](const Line& line) {
      // Not by device: some file systems tell another one in maps than in stat.
      struct stat status {};
      maps = line.inode == inode && status_of(tgid, line, &status) &&
             status.st_dev == file.st_dev && status.st_ino == file.st_ino;
      return !maps;
    });
    if (!maps || is_ours(tgid)) continue;
    Mapper mapper{tgid, {}};
    std::ifstream comm(fmt::format("/proc/{}/comm", tgid));
    std::getline(comm, mapper.name);
    found.push_back(std::move(mapper));
  }
  return found;
}

bool is_mapped_by_others(const struct stat& file, pid_t tgid) {
  return !mappers_of(file, tgid, 1).empty();
}

}  // namespace triptych::coroutine::probes
