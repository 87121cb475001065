// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

namespace triptych::record {

// A file that other processes map is probed in them, too: that costs them what it costs the target.
// What there is to say of them, as the end of a sentence about what was asked for; empty: nobody
// else has it. `only_serves`: its probe is one that few come by.
std::string bystanders_of(int file, const std::string& path, pid_t target, bool only_serves);

}  // namespace triptych::record
