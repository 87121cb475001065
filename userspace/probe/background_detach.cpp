// SPDX-License-Identifier: Apache-2.0
#include "probe/background_detach.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace triptych::probe {
namespace {

// Nothing but `kept` may stay open in it: whoever reads our output waits for its end.
void close_all_but(const std::vector<int>& kept) {
  int next = 0;
  for (const int fd : kept) {
    if (fd > next) ::close_range(static_cast<unsigned>(next), static_cast<unsigned>(fd - 1), 0);
    next = fd + 1;
  }
  ::close_range(static_cast<unsigned>(next), UINT_MAX, 0);
}

[[noreturn]] void hold(std::vector<int> fds, int wait_on) {
  fds.push_back(wait_on);
  std::sort(fds.begin(), fds.end());
  close_all_but(fds);
  ::setsid();
  char nothing = 0;
  while (::read(wait_on, &nothing, 1) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace

BackgroundDetach::BackgroundDetach(std::vector<int> fds) {
  int ends[2];
  if (fds.empty() || ::pipe2(ends, O_CLOEXEC) != 0) return;
  // Twice, so that the one that stays is nobody's child to be waited for.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() == 0) hold(std::move(fds), ends[0]);
    ::_exit(0);
  }
  ::close(ends[0]);
  release_ = ends[1];
  if (child < 0) return;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

BackgroundDetach::~BackgroundDetach() {
  if (release_ >= 0) ::close(release_);
}

}  // namespace triptych::probe
