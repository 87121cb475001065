// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"

namespace triptych::cli {

// As the kernel keeps them: the command line parser takes words like "[a,b]" apart.
Result<std::vector<std::string>> own_arguments();

// What stands after the first "--", to the letter; empty where there is none.
Result<std::vector<std::string>> command_after_dashes();

}  // namespace triptych::cli
