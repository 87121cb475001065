// SPDX-License-Identifier: Apache-2.0
#include "flame/layout.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace triptych::flame {
namespace {

// The root, `branches` frames of `width` each on it, and one as wide on each of these.
profile::Profile sample(std::uint32_t branches, std::uint64_t width) {
  profile::Profile profile;
  profile.nodes.resize(1);
  for (std::uint32_t i = 0; i < branches; ++i) {
    profile.nodes.push_back({0, i, 1, {}, {width}});
    profile.nodes.push_back({2 * i + 1, i, 2, {width}, {width}});
    profile.nodes[0].total[0] += width;
  }
  return profile;
}

std::vector<std::uint32_t> shown(const Layout& layout) {
  std::vector<std::uint32_t> nodes;
  for (const PlacedFrame& frame : layout.frames) nodes.push_back(frame.node);
  return nodes;
}

TEST(FlameLayoutTest, ShowsAllWhereThereIsRoom) {
  const Layout layout = lay_out(sample(3, 10), 0, {5, 300, 7});
  EXPECT_EQ(shown(layout), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(layout.left_out, 0u);
  EXPECT_EQ(layout.deepest, 2u);
  EXPECT_DOUBLE_EQ(layout.frames[0].width, 300);
  EXPECT_DOUBLE_EQ(layout.frames[3].x, 105);
  EXPECT_DOUBLE_EQ(layout.frames[4].x, 105);
  EXPECT_DOUBLE_EQ(layout.frames[4].width, 100);
  EXPECT_TRUE(layout.frames[3].has_children);
}

TEST(FlameLayoutTest, OfEqualWidthTheFirstOnesHaveTheRoom) {
  const Layout layout = lay_out(sample(3, 10), 0, {0, 300, 4});
  EXPECT_EQ(shown(layout), (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(layout.left_out, 3u);
  EXPECT_FALSE(layout.frames[3].has_children);
}

TEST(FlameLayoutTest, TheWidestAreShown) {
  profile::Profile profile = sample(3, 10);
  for (const std::size_t node : {5, 6}) profile.nodes[node].total[0] = 50;
  profile.nodes[0].total[0] = 70;
  EXPECT_EQ(shown(lay_out(profile, 0, {0, 300, 3})), (std::vector<std::uint32_t>{0, 5, 6}));
}

TEST(FlameLayoutTest, WhatHasNoWidthCountsToo) {
  const Layout layout = lay_out(sample(3, 0), 0, {0, 300, 3});
  EXPECT_EQ(shown(layout), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(layout.left_out, 0u);  // nothing that could be seen
}

}  // namespace
}  // namespace triptych::flame
