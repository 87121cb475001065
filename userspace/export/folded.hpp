// SPDX-License-Identifier: Apache-2.0
//
// A profile as folded stacks: a line for each path, `frame;frame;frame VALUE`. Lines that begin
// with
// `#` say what is counted; those who do not know them leave them out.
#pragma once

#include <cstddef>
#include <string>

#include "profile/profile.hpp"

namespace triptych::exports {

std::string write_folded(const profile::Profile& profile, std::size_t unit);

}  // namespace triptych::exports
