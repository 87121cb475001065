// SPDX-License-Identifier: Apache-2.0
#include "profile/build.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace triptych::profile {
namespace {

constexpr const char* kOtherPaths = "other paths: too many to be told apart";

analyze::StackNumber add_stack(analyze::StackTable& table, std::uint32_t id, std::uint64_t from) {
  model::Stack stack{.id = model::StackId{id}, .mm = model::MmId{1}, .frames = 10};
  for (std::size_t i = 0; i < stack.frames; ++i) stack.frame[i] = from + i;
  table.on_stack(stack);
  return table.number_of(stack.id, 0);
}

// A path of a stack is one, its frames are many.
TEST(Build, CountsAsOneTheFramesThatAreTooMany) {
  const auto table = std::make_shared<analyze::StackTable>();
  const auto first = static_cast<std::uint64_t>(add_stack(*table, 1, 0x1000));
  const auto second = static_cast<std::uint64_t>(add_stack(*table, 2, 0x2000));
  analyze::Summary summary;
  summary.stacks.table = table;
  PathTable paths(8);  // 14 branches: all, the three of the thread, and those of one stack
  const std::uint32_t model = paths.child(PathTable::kRoot, {Subject::kModel, 0});
  const std::uint32_t task = paths.child(model, {Subject::kTask, 0});
  paths.add(paths.child(task, {Subject::kStack, first}), {1});
  paths.add(paths.child(task, {Subject::kStack, second}), {10});
  symbol::resolve::Resolver resolver(*table, {});
  const Profile profile = build(Kind::kOffCpu, paths, summary, resolver, {.any_stack = true});
  ASSERT_EQ(profile.nodes.size(), 15u);
  EXPECT_EQ(profile.nodes[0].total[0], 11u);
  const auto others =
      std::count_if(profile.nodes.begin(), profile.nodes.end(), [&](const Node& node) {
        return node.depth != 0 && profile.frames[node.frame].text == kOtherPaths &&
               node.self[0] == 10;
      });
  EXPECT_EQ(others, 1);
  const auto innermost =
      std::count_if(profile.nodes.begin(), profile.nodes.end(), [&](const Node& node) {
        return profile.frames[node.frame].text == "0x1000" && node.self[0] == 1;
      });
  EXPECT_EQ(innermost, 1);
  EXPECT_EQ(std::count(profile.notes.begin(), profile.notes.end(),
                       "only the first 14 frames of paths are told apart"),
            1);
}

}  // namespace
}  // namespace triptych::profile
