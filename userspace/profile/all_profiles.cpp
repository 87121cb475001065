// SPDX-License-Identifier: Apache-2.0
#include "profile/all_profiles.hpp"

#include <variant>

namespace triptych::profile {
namespace {

constexpr std::size_t kMostPaths = 100'000;  // of each

}  // namespace

// Summaries do not say what happened when.
AllProfiles::AllProfiles(const model::Metadata& metadata) {
  if (metadata.summary_only) return;
  for (const std::string& word : kind_words()) {
    const Kind kind = *parse_kind(word);
    if (check_recorded(kind, metadata))
      collectors_.emplace_back(kind, CoroutineFilter(), kMostPaths);
  }
}

void AllProfiles::add(const analyze::Interval& interval) {
  for (Collector& each : collectors_) each.add(interval);
}

void AllProfiles::add(const analyze::CoroutineChange& change) {
  for (Collector& each : collectors_) {
    if (const auto* on_top = std::get_if<analyze::CoroutineOnTop>(&change)) {
      each.add(*on_top, 0);
    } else {
      each.add(std::get<analyze::CoroutineWait>(change));
    }
  }
}

std::vector<Profile> AllProfiles::finish(const analyze::Summary& summary,
                                         symbol::resolve::Resolver& resolver,
                                         const Chosen* chosen) const {
  std::vector<Profile> profiles;
  for (const Collector& each : collectors_) {
    profiles.push_back(chosen == nullptr ? each.finish(summary, resolver)
                                         : each.finish(summary, resolver, *chosen));
  }
  return profiles;
}

}  // namespace triptych::profile
