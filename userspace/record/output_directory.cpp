// SPDX-License-Identifier: Apache-2.0
#include "record/output_directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <string_view>

#include "base/text.hpp"

namespace triptych::record {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit
constexpr int kStepFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;

Result<std::string> read_link(int link, const std::string& path, uid_t owner, uid_t link_owner) {
  if (link_owner != owner && link_owner != 0) {
    return fail(fmt::format("a part of {} is a symbolic link that belongs to another user (uid {})",
                            quote(path), link_owner),
                "name the directory that it leads to, if that is what you want");
  }
  char text[PATH_MAX];
  const ssize_t size = ::readlinkat(link, "", text, sizeof(text));
  if (size < 0) return fail_errno(fmt::format("cannot read a link in {}", quote(path)), errno);
  return std::string(text, static_cast<std::size_t>(size));
}

Error cannot_open(const std::string& path, int error) {
  const char* hint = error == ENOENT ? "create the directory, or choose another file with -o" : "";
  return system_error(fmt::format("cannot open the directory {}", quote(path)), error, hint);
}

}  // namespace

Result<UniqueFd> open_directory(const std::string& path, uid_t owner) {
  std::string rest = path;
  int links = 0;
  UniqueFd here(::open(rest.front() == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!here) return tl::unexpected<Error>(cannot_open(path, errno));
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string step = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (step.empty() || step == ".") continue;
    UniqueFd next(::openat(here.get(), step.c_str(), kStepFlags));
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) != 0) {
      return tl::unexpected<Error>(cannot_open(path, errno));
    }
    if (S_ISLNK(status.st_mode)) {
      if (++links > kMostLinks) return tl::unexpected<Error>(cannot_open(path, ELOOP));
      TRIPTYCH_TRY_ASSIGN(const std::string where,
                          read_link(next.get(), path, owner, status.st_uid));
      if (!rest.empty()) rest.insert(0, 1, '/');
      rest.insert(0, where);
      if (where.front() != '/') continue;
      here.reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      continue;
    }
    if (!S_ISDIR(status.st_mode)) return tl::unexpected<Error>(cannot_open(path, ENOTDIR));
    here = std::move(next);
  }
  return here;
}

}  // namespace triptych::record
