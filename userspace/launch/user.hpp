// SPDX-License-Identifier: Apache-2.0
//
// Who the work is for: under sudo that is the person who called it, not root.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.hpp"

namespace triptych::launch {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all of them, `gid` included
  std::string name;           // the number, where the user database has no name for it
  std::string home;           // "/" likewise
  std::string shell;          // "/bin/sh" likewise
};

Result<User> user_by_name(const std::string& name);

// A uid without an entry in the user database is legal; it gets `gid` as its only group.
Result<User> user_by_id(uid_t uid, gid_t gid);

// Whoever called sudo (SUDO_UID and SUDO_GID, which only root can make us believe), otherwise the
// effective user.
Result<User> calling_user();

// While it lives, this thread reaches files with the rights of `user` and of nobody else: what is
// created belongs to that user. Does nothing unless we are root and `user` is not.
class FileRightsOf {
 public:
  static Result<FileRightsOf> take(const User& user);

  FileRightsOf(FileRightsOf&& other) noexcept;
  FileRightsOf& operator=(FileRightsOf&&) = delete;
  FileRightsOf(const FileRightsOf&) = delete;
  FileRightsOf& operator=(const FileRightsOf&) = delete;
  ~FileRightsOf();

 private:
  FileRightsOf() = default;
  bool active_ = false;
  std::vector<gid_t> groups_;  // as they were
};

}  // namespace triptych::launch
