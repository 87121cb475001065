// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/program_file.hpp"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/process_root.hpp"
#include "base/text.hpp"

namespace triptych::coroutine::reader {

namespace {

Result<ProgramFile> open_what_is_at(const UniqueFd& place, const std::string& path) {
  struct stat status {};
  if (!place || ::fstat(place.get(), &status) != 0) {
    return fail_errno(fmt::format("look into {}", quote(path)), errno);
  }
  if (!S_ISREG(status.st_mode)) return fail("not a file");
  UniqueFd file(::open(fmt::format("/proc/self/fd/{}", place.get()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(fmt::format("look into {}", quote(path)), errno);
  return as_program_file(std::move(file));
}

}  // namespace

Result<ProgramFile> as_program_file(UniqueFd file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno("look at the program", errno);
  if (!S_ISREG(status.st_mode)) return fail("not a file");
  std::array<char, SELFMAG> begin{};
  const ssize_t got = ::pread(file.get(), begin.data(), begin.size(), 0);
  ProgramFile program;
  program.file = std::move(file);
  program.device = status.st_dev;
  program.inode = status.st_ino;
  program.size = static_cast<std::uint64_t>(status.st_size);
  program.may_be_program = got == SELFMAG && std::memcmp(begin.data(), ELFMAG, SELFMAG) == 0;
  return program;
}

Result<ProgramFile> open_program_file(const std::string& path) {
  return open_what_is_at(UniqueFd(::open(path.c_str(), O_PATH | O_CLOEXEC)), path);
}

Result<ProgramFile> open_program_file_in(const UniqueFd& root, const std::string& path) {
  return open_what_is_at(open_in_root(root, path, O_PATH), path);
}

}  // namespace triptych::coroutine::reader
