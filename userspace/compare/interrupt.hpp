// SPDX-License-Identifier: Apache-2.0
//
// Ctrl-C during a minute of measuring: the run under way is ended, and everything is cleaned up.
#pragma once

#include <signal.h>

#include <array>
#include <utility>

namespace triptych::compare {

// While it lives, SIGINT, SIGTERM and SIGHUP only interrupt what waits. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  std::array<std::pair<int, struct sigaction>, 3> before_{};
};

// The signal that came while a guard lived; 0: none.
int interrupted();

}  // namespace triptych::compare
