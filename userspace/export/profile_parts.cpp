// SPDX-License-Identifier: Apache-2.0
#include "export/profile_parts.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace triptych::exports {
namespace {

constexpr std::size_t kMostThreads = 256;
constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

// Each node's thread, or, where there is none, its process: positions in Profile::frames.
std::vector<std::uint32_t> owners_of(const profile::Profile& profile) {
  std::vector<std::uint32_t> owners(profile.nodes.size(), kNobody);
  for (std::size_t i = 1; i < profile.nodes.size(); ++i) {
    const profile::Node& node = profile.nodes[i];
    const profile::Category category = profile.frames[node.frame].category;
    const bool owns =
        category == profile::Category::kThread || category == profile::Category::kProcess;
    owners[i] = owns ? node.frame : owners[node.parent];
  }
  return owners;
}

}  // namespace

std::vector<ProfilePart> parts_of(const profile::Profile& profile, std::size_t unit) {
  const std::vector<std::uint32_t> owners = owners_of(profile);
  std::map<std::uint32_t, ProfilePart> parts;
  for (std::uint32_t i = 1; i < profile.nodes.size(); ++i) {
    const std::uint64_t value = profile.nodes[i].self[unit];
    if (owners[i] == kNobody || value == 0) continue;
    ProfilePart& part = parts[owners[i]];
    part.total += value;
    part.nodes.push_back(i);
  }
  std::vector<ProfilePart> sorted;
  for (auto& [owner, part] : parts) {
    part.owner = owner;
    sorted.push_back(std::move(part));
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ProfilePart& a, const ProfilePart& b) { return a.total > b.total; });
  if (sorted.size() > kMostThreads) sorted.resize(kMostThreads);
  return sorted;
}

}  // namespace triptych::exports
