// SPDX-License-Identifier: Apache-2.0
//
// The calls themselves: <sys/pidfd.h> of glibc 2.36 cannot be used from C++.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace triptych {

inline int pidfd_open(pid_t tgid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, tgid, 0));
}

inline void pidfd_send_signal(int pidfd, int number) {
  ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0);
}

}  // namespace triptych
