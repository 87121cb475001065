// SPDX-License-Identifier: Apache-2.0
//
// A profile taken apart by who spent it, for forms that show each thread by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace triptych::exports {

struct ProfilePart {
  std::uint32_t owner = 0;  // a thread, or, where there is none, a process: of Profile::frames
  std::uint64_t total = 0;
  std::vector<std::uint32_t> nodes;  // that spent something themselves
};

// Those that own something, the largest first, 256 at most.
std::vector<ProfilePart> parts_of(const profile::Profile& profile, std::size_t unit);

}  // namespace triptych::exports
