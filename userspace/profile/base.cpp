// SPDX-License-Identifier: Apache-2.0
#include "profile/base.hpp"

#include <limits>
#include <map>
#include <unordered_map>

namespace triptych::profile {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

std::uint64_t step(std::uint32_t parent, std::uint32_t frame) {
  return std::uint64_t{parent} << 32 | frame;
}

// By the later profile's frames: the same one's place in the earlier.
std::vector<std::uint32_t> same_frames(const Profile& later, const Profile& earlier) {
  std::map<Frame, std::uint32_t> index;
  for (std::uint32_t i = 0; i < earlier.frames.size(); ++i) index.emplace(earlier.frames[i], i);
  std::vector<std::uint32_t> same;
  for (const Frame& frame : later.frames) {
    const auto found = index.find(frame);
    same.push_back(found == index.end() ? kNone : found->second);
  }
  return same;
}

}  // namespace

Base lay_beside(const Profile& later, const Profile& earlier) {
  const std::vector<std::uint32_t> same = same_frames(later, earlier);
  std::unordered_map<std::uint64_t, std::uint32_t> children;
  for (std::uint32_t i = 1; i < earlier.nodes.size(); ++i) {
    children.emplace(step(earlier.nodes[i].parent, earlier.nodes[i].frame), i);
  }
  std::vector<std::uint32_t> place(later.nodes.size(), kNone);  // in the earlier one
  std::vector<bool> met(earlier.nodes.size());
  Base base;
  base.total = earlier.nodes[0].total;
  base.totals.resize(later.nodes.size());
  for (std::size_t i = 0; i < later.nodes.size(); ++i) {
    const Node& node = later.nodes[i];
    if (i == 0) {
      place[i] = 0;
    } else if (place[node.parent] != kNone && same[node.frame] != kNone) {
      const auto found = children.find(step(place[node.parent], same[node.frame]));
      if (found != children.end()) place[i] = found->second;
    }
    if (place[i] == kNone) continue;
    met[place[i]] = true;
    base.totals[i] = earlier.nodes[place[i]].total;
  }
  for (std::size_t i = 1; i < earlier.nodes.size(); ++i) {
    const Node& node = earlier.nodes[i];
    if (!met[i] && met[node.parent]) base.gone.push_back({node.frame, node.total});
  }
  return base;
}

}  // namespace triptych::profile
