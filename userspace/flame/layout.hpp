// SPDX-License-Identifier: Apache-2.0
//
// Which frames of a profile a flame graph shows, and where, before anybody zooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace triptych::flame {

struct PlacedFrame {
  std::uint32_t node = 0;  // into Profile::nodes
  double x = 0, width = 0;
  bool has_children = false;  // that are shown
};

struct Layout {
  std::vector<PlacedFrame> frames;  // in the order of the nodes: parents first
  std::uint32_t deepest = 0;
  std::size_t left_out = 0;  // the narrowest
};

struct Room {
  double x = 0, width = 0;
  std::size_t most_frames = 0;
};

Layout lay_out(const profile::Profile& profile, std::size_t unit, const Room& room);

}  // namespace triptych::flame
