// SPDX-License-Identifier: Apache-2.0
//
// A profile for speedscope (JSON): in each of its units, all threads together, then each by itself.
#pragma once

#include <cstddef>
#include <string>

#include "profile/profile.hpp"

namespace triptych::exports {

// `unit`: the one that comes first.
std::string write_speedscope(const profile::Profile& profile, std::size_t unit);

}  // namespace triptych::exports
