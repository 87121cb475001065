// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/child.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace triptych::workloads {

Result<pid_t> start_child(const std::function<int()>& body) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return fail_errno("cannot fork", errno);
  if (child > 0) return child;
  // The parent may have ended before the request to die with it was made.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent) ::_exit(1);
  ::_exit(body());
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  const int status = ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT);
  return status != 0 || info.si_pid == child;
}

void reap(pid_t child) {
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace triptych::workloads
