// SPDX-License-Identifier: Apache-2.0
//
// A profile for pprof: profile.proto, compressed, with all of its units (github.com/google/pprof).
#pragma once

#include <cstddef>
#include <string>

#include "base/error.hpp"
#include "profile/profile.hpp"

namespace triptych::exports {

// `unit`: the one that pprof shows if it is not told which.
Result<std::string> write_pprof(const profile::Profile& profile, std::size_t unit);

}  // namespace triptych::exports
