// SPDX-License-Identifier: Apache-2.0
#include "profile/base.hpp"

#include <gtest/gtest.h>

#include <map>

namespace triptych::profile {
namespace {

// Each path has one frame more than the one before it in the list, or begins anew.
struct Path {
  std::uint32_t depth;
  const char* text;
  std::uint64_t total;
};

Profile make(const std::vector<Path>& paths) {
  Profile profile;
  profile.kind = Kind::kOffCpu;
  profile.nodes.emplace_back();
  std::vector<std::uint32_t> open = {0};
  std::map<std::string, std::uint32_t> frames;
  for (const Path& path : paths) {
    const auto next = static_cast<std::uint32_t>(profile.frames.size());
    const auto [frame, is_new] = frames.try_emplace(path.text, next);
    if (is_new) profile.frames.push_back({Category::kReason, path.text, 0});
    open.resize(path.depth);
    Node node;
    node.parent = open.back();
    node.frame = frame->second;
    node.depth = path.depth;
    node.total[0] = path.total;
    open.push_back(static_cast<std::uint32_t>(profile.nodes.size()));
    profile.nodes.push_back(node);
    if (path.depth == 1) profile.nodes[0].total[0] += path.total;
  }
  return profile;
}

TEST(LayBeside, FindsTheSamePaths) {
  const Profile earlier =
      make({{1, "a", 30}, {2, "x", 10}, {2, "y", 15}, {1, "gone", 7}, {2, "inside", 7}});
  const Profile later = make({{1, "a", 40}, {2, "new", 3}, {2, "y", 20}, {1, "x", 5}});
  const Base base = lay_beside(later, earlier);
  EXPECT_EQ(base.total[0], 37u);
  ASSERT_EQ(base.totals.size(), 5u);
  EXPECT_EQ(base.totals[0][0], 37u);
  EXPECT_EQ(base.totals[1][0], 30u);
  EXPECT_EQ(base.totals[2][0], 0u);  // new
  EXPECT_EQ(base.totals[3][0], 15u);
  EXPECT_EQ(base.totals[4][0], 0u);  // the same name, in another place
  ASSERT_EQ(base.gone.size(), 2u);   // what was inside of it is not told again
  EXPECT_EQ(earlier.frames[base.gone[0].frame].text, "x");
  EXPECT_EQ(base.gone[0].total[0], 10u);
  EXPECT_EQ(earlier.frames[base.gone[1].frame].text, "gone");
  EXPECT_EQ(base.gone[1].total[0], 7u);
}

TEST(LayBeside, TakesNothing) {
  const Profile nothing = make({});
  const Profile some = make({{1, "a", 1}});
  EXPECT_EQ(lay_beside(nothing, some).gone.size(), 1u);
  EXPECT_EQ(lay_beside(some, nothing).totals[1][0], 0u);
}

}  // namespace
}  // namespace triptych::profile
