// SPDX-License-Identifier: Apache-2.0
//
// All profiles that a trace can serve, gathered in the same pass.
#pragma once

#include <vector>

#include "analyze/interval.hpp"
#include "model/metadata.hpp"
#include "profile/collector.hpp"
#include "profile/profile.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::profile {

class AllProfiles {
 public:
  explicit AllProfiles(const model::Metadata& metadata);

  void add(const analyze::Interval& interval);
  void add(const analyze::CoroutineChange& change);

  // In the order of their kinds; null: of all tasks. What nothing was counted in is there, too.
  std::vector<Profile> finish(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                              const Chosen* chosen) const;

 private:
  std::vector<Collector> collectors_;
};

}  // namespace triptych::profile
