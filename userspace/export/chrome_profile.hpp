// SPDX-License-Identifier: Apache-2.0
//
// A profile as Chrome's trace events (JSON): slices that nest as the frames do, as long as what was
// spent in them. A process for each unit, in it a thread for all together and one for each thread
// that was recorded.
#pragma once

#include <cstddef>
#include <string>

#include "profile/profile.hpp"

namespace triptych::exports {

// With all units; `unit` comes first.
std::string write_chrome_profile(const profile::Profile& profile, std::size_t unit);

}  // namespace triptych::exports
