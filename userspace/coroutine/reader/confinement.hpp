// SPDX-License-Identifier: Apache-2.0
//
// What a process gives up that reads what may be anybody's.
#pragma once

#include <sys/types.h>

#include <vector>

namespace triptych::coroutine::reader {

// With which rights it goes on, if it has root's.
struct Rights {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};
inline constexpr Rights nobody() {
  return {65534, 65534, {}};
}

// In a forked child: keeps `socket` of all that is open, no right but those, no capability, little
// memory, nothing to write to, no way to start others. It ends with `parent`, and no signal that
// the terminal sends to all of us ends it before. Where one of that is refused, the process ends.
void confine(const Rights& rights, int socket, pid_t parent);

}  // namespace triptych::coroutine::reader
