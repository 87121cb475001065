// SPDX-License-Identifier: Apache-2.0
//
// Symbols of C++, whose makers may mean harm: some letters can stand for a name without end.
#pragma once

#include <optional>
#include <string>

namespace triptych {

// As the source has it, at most 8,192 letters; none when that does not do, or it is no such name.
std::optional<std::string> demangle_cpp(const std::string& mangled);

}  // namespace triptych
