// SPDX-License-Identifier: Apache-2.0
//
// From counted paths to a profile, when the names of all tasks are known.
#pragma once

#include <cstdint>
#include <unordered_set>

#include "analyze/summary.hpp"
#include "profile/path_table.hpp"
#include "profile/profile.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::profile {

// Of a profile that was gathered of all tasks.
struct Chosen {
  std::unordered_set<std::uint32_t> tasks;  // by serial
  std::unordered_set<model::Tid> processes;
};

struct BuildOptions {
  bool without_ids = false;
  bool any_stack = false;
  std::uint64_t unknown_ns = 0;    // of the tasks' time, not in the paths
  const Chosen* chosen = nullptr;  // null: all
};

Profile build(Kind kind, const PathTable& paths, const analyze::Summary& summary,
              symbol::resolve::Resolver& resolver, const BuildOptions& options);

}  // namespace triptych::profile
