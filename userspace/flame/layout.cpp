// SPDX-License-Identifier: Apache-2.0
#include "flame/layout.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace triptych::flame {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// The widest, and with each of them those that it stands on, which are as wide at least. Of those
// of equal width the first ones: parents come before their children.
std::vector<bool> choose(const profile::Profile& profile, std::size_t unit,
                         std::size_t most_frames) {
  std::vector<std::uint64_t> totals;
  for (const profile::Node& node : profile.nodes) totals.push_back(node.total[unit]);
  // Those without width are there for the other units.
  if (totals.size() <= most_frames) return std::vector<bool>(totals.size(), true);
  std::vector<std::uint64_t> sorted = totals;
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(most_frames);
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
  const std::uint64_t limit = *last;
  const auto wider = std::count_if(totals.begin(), totals.end(),
                                   [limit](std::uint64_t total) { return total > limit; });
  std::size_t room = most_frames - static_cast<std::size_t>(wider);
  std::vector<bool> shown(totals.size());
  for (std::size_t i = 0; i < totals.size(); ++i) {
    const bool fits = totals[i] == limit && room > 0;
    if (fits) --room;
    shown[i] = totals[i] > limit || fits;
  }
  return shown;
}

}  // namespace

Layout lay_out(const profile::Profile& profile, std::size_t unit, const Room& room) {
  Layout layout;
  const std::vector<bool> shown = choose(profile, unit, room.most_frames);
  std::vector<double> next_x(profile.nodes.size());  // where the next child of each begins
  std::vector<std::uint32_t> place(profile.nodes.size(), kNone);
  const double of_one =
      room.width / static_cast<double>(std::max<std::uint64_t>(profile.nodes[0].total[unit], 1));
  for (std::uint32_t i = 0; i < profile.nodes.size(); ++i) {
    const profile::Node& node = profile.nodes[i];
    if (!shown[i]) {
      if (node.total[unit] != 0) ++layout.left_out;
      continue;
    }
    PlacedFrame frame;
    frame.node = i;
    frame.width = i == 0 ? room.width : static_cast<double>(node.total[unit]) * of_one;
    frame.x = i == 0 ? room.x : next_x[node.parent];
    if (i != 0) {
      next_x[node.parent] += frame.width;
      layout.frames[place[node.parent]].has_children = true;
    }
    next_x[i] = frame.x;
    place[i] = static_cast<std::uint32_t>(layout.frames.size());
    layout.frames.push_back(frame);
    layout.deepest = std::max(layout.deepest, node.depth);
  }
  return layout;
}

}  // namespace triptych::flame
