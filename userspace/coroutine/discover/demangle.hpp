// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace triptych::coroutine::discover {

// The name of a C++ or Rust function as people write it; what cannot be read stays as it is.
std::string demangled(const std::string& name);

}  // namespace triptych::coroutine::discover
