// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/text.hpp"
#include "cli/trusted_path.hpp"
#include "launch/user.hpp"

namespace triptych::cli {
namespace {

bool same_file(const struct stat& target, const std::string& input) {
  struct stat other {};
  return ::stat(input.c_str(), &other) == 0 && other.st_dev == target.st_dev &&
         other.st_ino == target.st_ino;
}

// What root makes on somebody's behalf is to be theirs.
Result<void> give_to_caller_of_sudo(int fd, const std::string& name, const std::string& path) {
  if (::geteuid() != 0) return {};
  Result<launch::User> caller = launch::calling_user();
  if (!caller) {
    ::unlink(name.c_str());
    return tl::unexpected<Error>(std::move(caller.error()));
  }
  if (caller->uid == 0 || ::fchown(fd, caller->uid, caller->gid) == 0) return {};
  const int reason = errno;
  ::unlink(name.c_str());
  return fail_errno("cannot write " + quote(path), reason);
}

Result<std::pair<UniqueFd, std::string>> open_temporary(const std::string& path) {
  std::string name = path + ".XXXXXX";
  UniqueFd fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) {
    return fail_errno("cannot write " + quote(path), errno,
                      errno == ENOENT ? "does its directory exist?" : "");
  }
  // The permissions that an ordinary new file has; mkostemp gave 0600.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(fd.get(), 0666 & ~mask) != 0) {
    const int reason = errno;
    ::unlink(name.c_str());
    return fail_errno("cannot write " + quote(path), reason);
  }
  TRIPTYCH_TRY(give_to_caller_of_sudo(fd.get(), name, path));
  return std::make_pair(std::move(fd), std::move(name));
}

}  // namespace

Result<Output> Output::open(const std::string& path, const std::string& input) {
  Output output;
  if (path.empty() || path == "-") {
    output.fd_.reset(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!output.fd_) return fail_errno("cannot write to standard output", errno);
    return output;
  }
  output.path_ = path;
  TRIPTYCH_TRY_ASSIGN(const UniqueFd there, find_by_trusted_links(path));
  struct stat target {};
  if (there && ::fstat(there.get(), &target) == 0) {
    if (S_ISDIR(target.st_mode)) {
      return fail(fmt::format("cannot write {}: it is a directory", quote(path)),
                  "name a file in it", ErrorCode::kUsage);
    }
    if (same_file(target, input)) {
      return fail(fmt::format("{} is the trace itself: it is not overwritten", quote(path)),
                  "choose another name for -o", ErrorCode::kUsage);
    }
    struct stat link {};
    if (S_ISREG(target.st_mode) && ::lstat(path.c_str(), &link) == 0 && S_ISLNK(link.st_mode)) {
      return fail(fmt::format("{} is a symbolic link: it is not written through", quote(path)),
                  "name the file that it leads to", ErrorCode::kUsage);
    }
    if (!S_ISREG(target.st_mode)) {
      // That one, whatever has been put in its place meanwhile.
      const std::string found = fmt::format("/proc/self/fd/{}", there.get());
      output.fd_.reset(::open(found.c_str(), O_WRONLY | O_CLOEXEC));
      if (!output.fd_) return fail_errno("cannot write " + quote(path), errno);
      return output;
    }
  }
  auto temporary = open_temporary(path);
  if (!temporary) return tl::unexpected<Error>(std::move(temporary.error()));
  output.fd_ = std::move(temporary->first);
  output.temporary_ = std::move(temporary->second);
  return output;
}

Output::Output(Output&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})) {}

Output::~Output() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> Output::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      return fail_errno(
          "cannot write " + (path_.empty() ? std::string("to standard output") : quote(path_)),
          errno);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> Output::finish() {
  if (temporary_.empty()) return {};
  if (::fsync(fd_.get()) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return fail_errno("cannot write " + quote(path_), errno);
  }
  temporary_.clear();
  return {};
}

Result<void> refuse_terminal(const std::string& path) {
  if ((!path.empty() && path != "-") || ::isatty(STDOUT_FILENO) != 1) return {};
  return fail("a page is no text for a terminal", "name a file with -o", ErrorCode::kUsage);
}

}  // namespace triptych::cli
