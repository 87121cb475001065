// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace triptych::coroutine::discover {

// Names of C++ and Rust functions as people write them; what cannot be read stays as it is. The
// names are anybody's, and the library's reader of them has had its faults, so a process of its own
// that may do nothing reads them, within a second.
std::vector<std::string> demangled(const std::vector<std::string>& names);

}  // namespace triptych::coroutine::discover
