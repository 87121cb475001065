// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace triptych::symbol::resolve {

// The name of a C++ or Rust function as its source has it; any other name as it is.
std::string demangle(const std::string& name);

}  // namespace triptych::symbol::resolve
