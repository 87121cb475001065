// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace triptych {

// A name that begins with "_R" (Rust's "v0"), without the crates' hashes; none: it is no such name,
// or too long a one.
std::optional<std::string> demangle_rust(std::string_view name);

// What is left in an older name when it has been demangled as C++: "$LT$", "..", a hash at the end.
std::string tidy_older_rust(std::string name);

}  // namespace triptych
