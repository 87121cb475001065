// SPDX-License-Identifier: Apache-2.0
#include "launch/user.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "base/check.hpp"
#include "base/text.hpp"

namespace triptych::launch {
namespace {

// The groups of a user in the group database are few; the kernel takes 65,536.
std::vector<gid_t> groups_of(const char* name, gid_t gid) {
  int count = 64;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  if (::getgrouplist(name, gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    if (::getgrouplist(name, gid, groups.data(), &count) < 0) return {gid};
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

User from_entry(const passwd& entry) {
  User user;
  user.uid = entry.pw_uid;
  user.gid = entry.pw_gid;
  user.groups = groups_of(entry.pw_name, entry.pw_gid);
  user.name = entry.pw_name;
  user.home = entry.pw_dir;
  user.shell = entry.pw_shell;
  return user;
}

// (uid_t)-1 means "unchanged" to the kernel, so it is no user id.
std::optional<uid_t> parse_id(std::string_view text) {
  uid_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id == static_cast<uid_t>(-1)) {
    return std::nullopt;
  }
  return id;
}

Error bad_id(const char* variable, std::string_view value) {
  return {ErrorCode::kFailed, fmt::format("{} is {}, which is not an id", variable, quote(value)),
          fmt::format("unset {}, or call triptych through sudo", variable)};
}

}  // namespace

Result<User> user_by_name(const std::string& name) {
  errno = 0;
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry != nullptr) return from_entry(*entry);
  return fail(fmt::format("there is no user {}", quote(name)),
              "`getent passwd` lists the users of this machine", ErrorCode::kUsage);
}

Result<User> user_by_id(uid_t uid, gid_t gid) {
  if (const passwd* entry = ::getpwuid(uid); entry != nullptr) return from_entry(*entry);
  User user;
  user.uid = uid;
  user.gid = gid;
  user.groups = {gid};
  user.name = std::to_string(uid);
  user.home = "/";
  user.shell = "/bin/sh";
  return user;
}

Result<User> calling_user() {
  const char* sudo_uid = std::getenv("SUDO_UID");
  if (::geteuid() != 0 || sudo_uid == nullptr) return user_by_id(::geteuid(), ::getegid());
  const std::optional<uid_t> uid = parse_id(sudo_uid);
  if (!uid) return tl::unexpected<Error>(bad_id("SUDO_UID", sudo_uid));
  const char* sudo_gid = std::getenv("SUDO_GID");
  if (sudo_gid == nullptr) return user_by_id(*uid, *uid);
  const std::optional<gid_t> gid = parse_id(sudo_gid);
  if (!gid) return tl::unexpected<Error>(bad_id("SUDO_GID", sudo_gid));
  return user_by_id(*uid, *gid);
}

// The file-system ids and the groups are the thread's own: the C library's setgroups would change
// them in every thread. Leaving fsuid 0 also takes the capabilities that override file permissions.
Result<FileRightsOf> FileRightsOf::take(const User& user) {
  FileRightsOf rights;
  if (::geteuid() != 0 || user.uid == 0) return rights;
  const int count = ::getgroups(0, nullptr);
  if (count < 0) return fail_errno("cannot read our own groups", errno);
  rights.groups_.resize(static_cast<std::size_t>(count));
  if (::getgroups(count, rights.groups_.data()) < 0) {
    return fail_errno("cannot read our own groups", errno);
  }
  if (::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) != 0) {
    return fail_errno(fmt::format("cannot take the groups of {}", escape(user.name)), errno);
  }
  rights.active_ = true;
  ::setfsgid(user.gid);
  ::setfsuid(user.uid);
  if (static_cast<uid_t>(::setfsuid(static_cast<uid_t>(-1))) != user.uid) {
    return fail(fmt::format("cannot take the file rights of {}", escape(user.name)));
  }
  return rights;
}

FileRightsOf::FileRightsOf(FileRightsOf&& other) noexcept
    : active_(std::exchange(other.active_, false)), groups_(std::move(other.groups_)) {}

FileRightsOf::~FileRightsOf() {
  if (!active_) return;
  ::setfsuid(::geteuid());
  ::setfsgid(::getegid());
  TRIPTYCH_CHECK(::syscall(SYS_setgroups, groups_.size(), groups_.data()) == 0);
}

}  // namespace triptych::launch
