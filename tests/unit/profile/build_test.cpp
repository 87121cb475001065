// SPDX-License-Identifier: Apache-2.0
#include "profile/build.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace triptych::profile {
namespace {

using testing::ElementsAre;

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

// A profile with one whole stack, of the program, and one of the kernel.
class Wholeness : public testing::Test {
 protected:
  Wholeness() {
    table_->on_unwound(model::StackId{1}, model::MmId{1},
                       {{0x1000, 0x2000}, analyze::StackEnd::kFirstFunction});
    whole_ = {Subject::kStack, static_cast<std::uint64_t>(table_->number_of(model::StackId{1}, 0))};
    model::Stack kernel{.id = model::StackId{2}, .kernel = true, .frames = 1};
    kernel.frame[0] = 1;
    table_->on_stack(kernel);
    kernel_ = {Subject::kStack,
               static_cast<std::uint64_t>(table_->number_of(model::StackId{2}, 0))};
    summary_.stacks.table = table_;
    const std::uint32_t model = paths_.child(PathTable::kRoot, {Subject::kModel, 0});
    task_ = paths_.child(model, {Subject::kTask, 0});
  }

  std::uint32_t path(std::initializer_list<Key> keys) {
    std::uint32_t path = task_;
    for (const Key& key : keys) path = paths_.child(path, key);
    return path;
  }
  // Those of stacks.
  std::vector<std::string> notes(Kind kind) {
    symbol::resolve::Resolver resolver(*table_, {});
    return build(kind, paths_, summary_, resolver, {.any_stack = true}).notes;
  }

  std::shared_ptr<analyze::StackTable> table_ = std::make_shared<analyze::StackTable>();
  analyze::Summary summary_;
  PathTable paths_;
  std::uint32_t task_ = 0;
  Key whole_, kernel_;
};

constexpr Key kRead{Subject::kBlocked, 0};
constexpr Key kBeingCreated{Subject::kBlocked, 0xfffffffe};
constexpr Key kFirstTouch{Subject::kFaultKind, 1};
constexpr Key kBy{Subject::kOther, 7};

Key word(Word which) {
  return {Subject::kWord, static_cast<std::uint64_t>(which)};
}

TEST_F(Wholeness, IsNotThatOfEventsThatHaveNoStack) {
  paths_.add(path({whole_, kFirstTouch}), {2921});
  paths_.add(path({kFirstTouch}), {7000});
  paths_.add(path({kernel_, kFirstTouch}), {243});
  EXPECT_THAT(notes(Kind::kFault),
              ElementsAre("stacks that go back to where the program or thread began: 28.7 %",
                          "the others have no stack of the program's",
                          "no stack of the program's: 7,243 of 10,164 faults"));
}

TEST_F(Wholeness, IsNotThatOfWaitsWithTheKernelsStackOnly) {
  paths_.add(path({whole_, kRead, kernel_}), {514});
  paths_.add(path({kRead, kernel_}), {486});
  paths_.add(path({kBeingCreated}), {5000});  // has none by its nature
  const auto expected =
      ElementsAre("stacks that go back to where the program or thread began: 51.4 %",
                  "the others have no stack of the program's",
                  "no stack of the program's: 486 ns of 1.00 us blocked");
  EXPECT_THAT(notes(Kind::kOffCpu), expected);
  // The waker's stack is not that of who waited.
  paths_.add(path({kRead, kBy, whole_}), {1000});
  EXPECT_THAT(notes(Kind::kWakeup),
              ElementsAre("stacks that go back to where the program or thread began: 25.7 %",
                          "the others have no stack of the program's",
                          "no stack of the program's: 1.49 us of 2.00 us blocked"));
}

TEST_F(Wholeness, OfQueuesIsThatOfWakersWhichAreTasks) {
  paths_.add(path({word(Word::kWoken), kBy, whole_}), {1});
  paths_.add(path({word(Word::kWoken), kBy}), {3});
  paths_.add(path({word(Word::kWoken), word(Word::kInterrupt)}), {50});
  paths_.add(path({word(Word::kPreempted), kBy}), {50});
  EXPECT_THAT(notes(Kind::kRunQueue),
              ElementsAre("stacks that go back to where the program or thread began: 25.0 %",
                          "the others have no stack of the program's",
                          "no stack of the program's: 3 ns of 4 ns runnable"));
}

TEST_F(Wholeness, OfSamplesIsOfThreadsThatHaveSome) {
  paths_.add(task_, {1000, 10, 1});  // one of the four samples has no stack
  paths_.add(path({whole_}), {0, 0, 3});
  const std::uint32_t model = paths_.child(PathTable::kRoot, {Subject::kModel, 0});
  paths_.add(paths_.child(model, {Subject::kTask, 9}), {600, 1, 0});
  EXPECT_THAT(
      notes(Kind::kOnCpu),
      ElementsAre("no functions of threads without a sample, which were on a CPU for 600 ns",
                  "stacks that go back to where the program or thread began: 75.0 %",
                  "the others have no stack of the program's",
                  "no stack of the program's: 250 ns of 1.00 us on a CPU"));
}

}  // namespace
}  // namespace triptych::profile
