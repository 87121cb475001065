// SPDX-License-Identifier: Apache-2.0
//
// Paths as another process sees them, which may have another root, and other mounts. Whatever lies
// there is its own: with a plain open below the root that /proc shows of it, an absolute link leads
// to a file of ours.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.hpp"

namespace triptych {

// Empty when it is gone, or not ours to see.
UniqueFd root_of_process(pid_t process);

// As open(2); links lead no farther than that root, and those of /proc lead nowhere.
UniqueFd open_in_root(const UniqueFd& root, const std::string& path, int flags);

}  // namespace triptych
