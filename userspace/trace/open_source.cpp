// SPDX-License-Identifier: Apache-2.0
#include "trace/open_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/text.hpp"
#include "trace/file_source.hpp"
#include "trace/format.hpp"
#include "trace/input_file.hpp"
#include "trace/text_source.hpp"
#include "trace/text_writer.hpp"

namespace triptych::trace {
namespace {

constexpr const char* kRecordHint = "record one with: triptych record -o FILE -- COMMAND";

tl::unexpected<Error> fail_input(std::string message, std::string hint = kRecordHint) {
  return fail(std::move(message), std::move(hint), ErrorCode::kUsage);
}

Result<std::unique_ptr<Source>> open_regular(UniqueFd fd, std::uint64_t size,
                                             const std::string& name) {
  if (size == 0) {
    return fail_input(name + " is empty", "its recording failed before it began");
  }
  InputFile file(std::move(fd), size);
  std::array<char, 32> bytes{};
  const std::size_t there = static_cast<std::size_t>(std::min<std::uint64_t>(size, bytes.size()));
  if (!file.read_at(0, std::as_writable_bytes(std::span(bytes).first(there)))) {
    return fail_errno("cannot read " + name, file.error() != 0 ? file.error() : EIO);
  }
  const std::string_view start(bytes.data(), there);
  const std::string_view magic(reinterpret_cast<const char*>(kFileMagic), sizeof kFileMagic);
  if (start.starts_with(magic)) return open_file_source(std::move(file), name);
  if (start.starts_with(kTextMagic)) return open_text_source(file.release(), name);
  if (start.starts_with("PERFILE2")) {
    return fail_input(name + " is a perf.data file, not a triptych trace",
                      "perf reads it: perf report -i FILE");
  }
  if (magic.starts_with(start)) {
    return fail_input(name + " ends before its header does", "its recording failed at once");
  }
  return fail_input(name + " is not a triptych trace");
}

}  // namespace

Result<std::unique_ptr<Source>> open_source_fd(UniqueFd fd, const std::string& name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail_errno("cannot read " + name, errno);
  if (S_ISDIR(status.st_mode)) return fail_input(name + " is a directory, not a trace");
  if (S_ISREG(status.st_mode)) {
    return open_regular(std::move(fd), static_cast<std::uint64_t>(status.st_size), name);
  }
  return open_text_source(std::move(fd), name);
}

Result<std::unique_ptr<Source>> open_source(const std::string& path) {
  if (path == "-") {
    UniqueFd fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!fd) return fail_errno("cannot read standard input", errno);
    return open_source_fd(std::move(fd), "standard input");
  }
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    Error error =
        system_error("cannot open " + quote(path), errno, errno == ENOENT ? kRecordHint : "");
    error.code = ErrorCode::kUsage;
    return tl::unexpected<Error>(std::move(error));
  }
  return open_source_fd(std::move(fd), quote(path));
}

}  // namespace triptych::trace
