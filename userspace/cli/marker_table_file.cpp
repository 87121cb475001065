// SPDX-License-Identifier: Apache-2.0
#include "cli/marker_table_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "base/unique_fd.hpp"

namespace triptych::cli {
namespace {

constexpr std::size_t kLargest = 64 << 10;

Result<std::string> read_whole(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return fail_errno(fmt::format("cannot open {}", quote(path)), errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return fail(fmt::format("{} is no regular file", quote(path)), {}, ErrorCode::kUsage);
  }
  std::string text(kLargest + 1, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return fail_errno(fmt::format("cannot read {}", quote(path)), errno);
  text.resize(static_cast<std::size_t>(size));
  if (text.size() > kLargest) {
    return fail(fmt::format("{} has more than {}", quote(path), format_bytes(kLargest)), {},
                ErrorCode::kUsage);
  }
  return text;
}

}  // namespace

Result<coroutine::probes::MarkerTable> read_marker_table(const std::string& path) {
  TRIPTYCH_TRY_ASSIGN(const std::string text, read_whole(path));
  auto table = coroutine::probes::parse_marker_table(text);
  if (!table) {
    return fail(fmt::format("{}: {}", quote(path), table.error().message), table.error().hint,
                table.error().code);
  }
  return table;
}

}  // namespace triptych::cli
