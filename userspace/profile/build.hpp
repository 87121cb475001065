// SPDX-License-Identifier: Apache-2.0
//
// From counted paths to a profile, when the names of all tasks are known.
#pragma once

#include "analyze/summary.hpp"
#include "profile/path_table.hpp"
#include "profile/profile.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::profile {

struct BuildOptions {
  bool without_ids = false;
  bool any_stack = false;
  std::uint64_t unknown_ns = 0;  // of the tasks' time, not in the paths
};

Profile build(Kind kind, const PathTable& paths, const analyze::Summary& summary,
              symbol::resolve::Resolver& resolver, const BuildOptions& options);

}  // namespace triptych::profile
