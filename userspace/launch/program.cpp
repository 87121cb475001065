// SPDX-License-Identifier: Apache-2.0
#include "launch/program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace triptych::launch {
namespace {

int can_execute(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (!S_ISREG(status.st_mode)) return EACCES;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

}  // namespace

// As bash: a refusal counts where there is a file to be refused, not for a directory that cannot be
// searched, though execvp makes no difference.
int find_program(const std::string& name, std::string_view path, std::string* found) {
  if (name.empty()) return ENOENT;
  if (name.find('/') != std::string::npos) {
    if (found != nullptr) *found = name;
    return can_execute(name);
  }
  bool refused = false;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string_view directory = path.substr(begin, end - begin);
    begin = end + 1;
    const std::string candidate =
        directory.empty() ? "./" + name : std::string(directory) + "/" + name;
    const int error = can_execute(candidate);
    if (error == 0) {
      if (found != nullptr) *found = candidate;
      return 0;
    }
    if (error == EACCES && exists(candidate)) refused = true;
  }
  return refused ? EACCES : ENOENT;
}

const char* search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/bin:/usr/bin";
}

int exit_status_of_exec_error(int errno_value) {
  return errno_value == ENOENT ? 127 : 126;
}

}  // namespace triptych::launch
