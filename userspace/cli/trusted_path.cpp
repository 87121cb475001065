// SPDX-License-Identifier: Apache-2.0
#include "cli/trusted_path.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>

#include "base/text.hpp"
#include "launch/user.hpp"

namespace triptych::cli {
namespace {

constexpr int kMostLinks = 40;  // the kernel's own limit

bool is_trusted(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  const Result<launch::User> caller = launch::calling_user();
  return caller && caller->uid == owner;
}

// /proc/self/fd/1 leads to what is open there, which may have no name.
bool leads_to_open_file(int link) {
  struct statfs system {};
  return ::fstatfs(link, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

// Where a link of somebody we trust leads.
Result<std::string> read_link(int link, uid_t owner, const std::string& path) {
  if (!is_trusted(owner)) {
    return fail(fmt::format("{} is, or leads by, a symbolic link that belongs to another user "
                            "(uid {})",
                            quote(path), owner),
                "name the file that it leads to, if that is what you want", ErrorCode::kUsage);
  }
  char text[PATH_MAX];
  const ssize_t size = ::readlinkat(link, "", text, sizeof(text));
  if (size < 0) return fail_errno("cannot read a link in " + quote(path), errno);
  return std::string(text, static_cast<std::size_t>(size));
}

Result<UniqueFd> absent_or_error(const std::string& path, int reason) {
  if (reason == ENOENT) return UniqueFd();
  return fail_errno("cannot write " + quote(path), reason);
}

UniqueFd open_root(const std::string& path) {
  return UniqueFd(::open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace

Result<UniqueFd> find_by_trusted_links(const std::string& path) {
  std::string rest = path;
  int links = 0;
  UniqueFd here = open_root(rest);
  if (!here) return absent_or_error(path, errno);
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string step = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (step.empty() || step == ".") continue;
    UniqueFd next(::openat(here.get(), step.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (!next || ::fstat(next.get(), &status) != 0) return absent_or_error(path, errno);
    if (S_ISLNK(status.st_mode)) {
      if (++links > kMostLinks) return absent_or_error(path, ELOOP);
      TRIPTYCH_TRY_ASSIGN(const std::string where, read_link(next.get(), status.st_uid, path));
      if (leads_to_open_file(next.get())) {
        next.reset(::openat(here.get(), step.c_str(), O_PATH | O_CLOEXEC));
        if (!next) return absent_or_error(path, errno);
      } else {
        if (!rest.empty()) rest.insert(0, 1, '/');
        rest.insert(0, where);
        if (where.starts_with('/')) here = open_root(where);
        if (!here) return absent_or_error(path, errno);
        continue;
      }
    }
    here = std::move(next);
  }
  return here;
}

}  // namespace triptych::cli
