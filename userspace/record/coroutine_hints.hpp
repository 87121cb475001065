// SPDX-License-Identifier: Apache-2.0
//
// Which coroutines of a program are not recorded unless they are asked for by name.
#pragma once

#include <string>

namespace triptych::record {

// "PROGRAM runs in Python: …", or empty where there is nothing to say. Looks at little of the
// file: the command waits for it.
std::string coroutine_hint(const std::string& program, const std::string& called);

}  // namespace triptych::record
