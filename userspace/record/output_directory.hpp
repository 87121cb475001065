// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::record {

// Opens a directory step by step, following a symbolic link only where root or `owner` made it: in
// a directory that others can write to, theirs would lead wherever they like.
Result<UniqueFd> open_directory(const std::string& path, uid_t owner);

}  // namespace triptych::record
