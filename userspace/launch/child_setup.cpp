// SPDX-License-Identifier: Apache-2.0
#include "launch/child_setup.hpp"

#include <grp.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "launch/program.hpp"

namespace triptych::launch {
namespace {

constexpr int kGaveUp = 125;  // nobody sees it: the parent is gone or ends us

void say(int report, ChildReport::Stage stage, int errno_value) {
  const ChildReport text{stage, errno_value};
  // Smaller than PIPE_BUF, so whole or not at all; without a reader there is nobody to tell.
  if (::write(report, &text, sizeof(text)) != sizeof(text)) ::_exit(kGaveUp);
}

int take_rights(const User& user) {
  if (::setgroups(user.groups.size(), user.groups.data()) != 0) return errno;
  if (::setresgid(user.gid, user.gid, user.gid) != 0) return errno;
  if (::setresuid(user.uid, user.uid, user.uid) != 0) return errno;
  return 0;
}

// sudo's own variables go: the command does not run under sudo, and a script that looks for
// SUDO_USER would be misled.
int take_environment(const User& user) {
  if (::setenv("HOME", user.home.c_str(), 1) != 0 || ::setenv("USER", user.name.c_str(), 1) != 0 ||
      ::setenv("LOGNAME", user.name.c_str(), 1) != 0 ||
      ::setenv("SHELL", user.shell.c_str(), 1) != 0) {
    return errno;
  }
  for (const char* name : {"SUDO_UID", "SUDO_GID", "SUDO_USER", "SUDO_COMMAND", "SUDO_HOME"}) {
    ::unsetenv(name);
  }
  return 0;
}

bool wait_for_go(int go) {
  char byte = 0;
  ssize_t count = 0;
  do {
    count = ::read(go, &byte, 1);
  } while (count < 0 && errno == EINTR);
  return count == 1;
}

}  // namespace

void run_child(const Command& command, const Signals& signals, int go, int report) {
  std::vector<char*> arguments;
  for (const std::string& argument : command.argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);

  if (command.become) {
    int error = take_rights(*command.become);
    if (error == 0) error = take_environment(*command.become);
    if (error != 0) {
      say(report, ChildReport::Stage::kRights, error);
      ::_exit(kGaveUp);
    }
  }
  for (const auto& [name, value] : command.environment) {
    if (::setenv(name.c_str(), value.c_str(), 1) != 0) ::_exit(kGaveUp);
  }
  const int missing = find_program(command.argv.front(), search_path());
  if (missing != 0) {
    say(report, ChildReport::Stage::kProgram, missing);
    ::_exit(kGaveUp);
  }
  say(report, ChildReport::Stage::kReady, 0);
  // Ctrl-C while we set up must not end the child behind our back: signals stay as they are until
  // the go.
  if (!wait_for_go(go)) ::_exit(kGaveUp);
  signals.restore();
  ::execvp(arguments.front(), arguments.data());
  const int error = errno;
  say(report, ChildReport::Stage::kExec, error);
  ::_exit(exit_status_of_exec_error(error));
}

}  // namespace triptych::launch
