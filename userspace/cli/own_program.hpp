// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.hpp"

namespace triptych::cli {

// The path of the running program, for it to be started again.
Result<std::string> own_program();

}  // namespace triptych::cli
