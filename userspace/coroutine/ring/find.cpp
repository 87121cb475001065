// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/find.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <triptych/coroutine_memory.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace triptych::coroutine::ring {
namespace {

constexpr std::size_t kMostOfOneProcess =
    16;  // of one process: each shared object may have its own

// Where all memfds live. A file of another place may have been given such a name to make us open
// it.
std::optional<dev_t> device_of_memfds() {
  const UniqueFd own(::memfd_create("triptych", MFD_CLOEXEC));
  struct ::stat status {};
  if (!own || ::fstat(own.get(), &status) != 0) return std::nullopt;
  return status.st_dev;
}

// Empty when it is no memfd.
UniqueFd open_memfd(const std::string& path) {
  static const std::optional<dev_t> device = device_of_memfds();
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct ::stat status {};
  if (!place || !device || ::fstat(place.get(), &status) != 0 || status.st_dev != *device) {
    return UniqueFd();
  }
  return UniqueFd(::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDWR | O_CLOEXEC));
}

}  // namespace

std::vector<UniqueFd> find_memories(model::Tid tgid) {
  static const std::string kName = fmt::format(" /memfd:{} (deleted)", TRIPTYCH_CORO_MEMFD);
  std::vector<UniqueFd> found;
  std::ifstream maps(fmt::format("/proc/{}/maps", tgid));
  // "7f0000000000-7f0040000000 rw-s 00000000 00:01 1057  /memfd:triptych-coroutine (deleted)"
  for (std::string line; std::getline(maps, line) && found.size() < kMostOfOneProcess;) {
    if (!line.ends_with(kName)) continue;
    const std::string_view range = std::string_view(line).substr(0, line.find(' '));
    UniqueFd fd = open_memfd(fmt::format("/proc/{}/map_files/{}", tgid, range));
    if (fd) found.push_back(std::move(fd));
  }
  return found;
}

std::vector<model::Tid> all_processes() {
  std::vector<model::Tid> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc"), &::closedir);
  if (!directory) return all;
  while (const dirent* entry = ::readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    model::Tid tgid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), tgid);
    if (error == std::errc{} && end == name.data() + name.size()) all.push_back(tgid);
  }
  return all;
}

}  // namespace triptych::coroutine::ring
