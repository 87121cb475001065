// SPDX-License-Identifier: Apache-2.0
//
// What is at a path, reached by nobody else's links.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::cli {

// Opens what is there (O_PATH), following a symbolic link only where root, whoever runs this or who
// called sudo made it: in a directory that others can write to, theirs would lead wherever they
// like. No descriptor when there is nothing at the path.
Result<UniqueFd> find_by_trusted_links(const std::string& path);

}  // namespace triptych::cli
