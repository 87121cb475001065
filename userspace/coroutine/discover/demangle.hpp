// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace triptych::coroutine::discover {

// Names of C++ and Rust functions as people write them; what cannot be read stays as it is. The
// names are anybody's, and the library's reader of them has had its faults: a name may take much
// memory and time, or end the process that reads it.
std::vector<std::string> demangled(const std::vector<std::string>& names);

}  // namespace triptych::coroutine::discover
