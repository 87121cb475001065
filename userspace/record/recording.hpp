// SPDX-License-Identifier: Apache-2.0
//
// One recording from beginning to end. Needs root.
#pragma once

#include "record/options.hpp"

namespace triptych::record {

// The exit status to end with: a command's own, or 128 + its signal; 0 for a process or the
// machine. What people need to know goes to standard error.
Outcome<int> run(const Options& options);

}  // namespace triptych::record
