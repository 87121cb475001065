// SPDX-License-Identifier: Apache-2.0
//
// An earlier profile, laid beside a later one of the same kind: what each path had before.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace triptych::profile {

struct Base {
  std::string name;            // of the file, for people
  Values total{};              // in all
  std::vector<Values> totals;  // by the later profile's nodes
  struct Gone {
    std::uint32_t frame = 0;  // into the earlier profile's frames
    Values total{};
  };
  std::vector<Gone> gone;  // paths that only the earlier one has: their outermost own frames
};

// Both without thread ids: no task has the same one again.
Base lay_beside(const Profile& later, const Profile& earlier);

}  // namespace triptych::profile
