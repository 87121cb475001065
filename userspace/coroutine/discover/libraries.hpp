// SPDX-License-Identifier: Apache-2.0
//
// Which libraries a program will load at its start: to be probed, they have to be known before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace triptych::coroutine::discover {

// Paths of the libraries that the program in this file names, and they in turn, as far as they are
// where the loader usually finds them: it is never asked, and may find others. `library_path` is
// what LD_LIBRARY_PATH says.
std::vector<std::string> libraries_of(const std::string& program, std::string_view library_path);

}  // namespace triptych::coroutine::discover
