// SPDX-License-Identifier: Apache-2.0
//
// Each event's stacks, and what was waited and computed in them.
#include <set>
#include <vector>

#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::Interval;
using analyze::StackSum;
using analyze::Summary;
using model::StackId;
using model::TaskId;

model::Stack stack_of(std::uint32_t id, std::uint32_t mm, std::initializer_list<std::uint64_t> at) {
  model::Stack stack{.id = StackId{id}, .mm = model::MmId{mm}};
  for (const std::uint64_t frame : at) stack.frame[stack.frames++] = frame;
  return stack;
}

model::StackOf stacks(std::uint32_t user, model::StackWhat what = model::StackWhat::kSwitch,
                      std::uint32_t kernel = 0) {
  return {.user = StackId{user}, .kernel = StackId{kernel}, .what = what};
}

model::StackCopy copy_of(std::uint32_t id, std::uint64_t at) {
  model::StackCopy copy{.id = StackId{id}, .mm = model::MmId{1}};
  copy.registers[16] = at;
  return copy;
}

// The frames are the words that the copy has; the first one is the register's.
class Words : public analyze::Unwinder {
 public:
  analyze::Unwound unwind(const analyze::CopiedStack& stack, const analyze::CodeSpaces&) override {
    ++times;
    analyze::Unwound unwound{.frames = {stack.registers[16]}};
    for (const auto& [address, bytes] : stack.pieces) {
      unwound.frames.push_back(stack.read(address, 8).value_or(0));
    }
    unwound.end = analyze::StackEnd::kFirstFunction;
    return unwound;
  }
  int times = 0;
};

struct Analyzed {
  Summary summary;
  std::vector<Interval> intervals;

  [[nodiscard]] std::uint64_t frame(const analyze::StackNumber number) const {
    const auto view = summary.stacks.table->view(number);
    return view.frames.empty() ? 0 : view.frames[0];
  }
};

Analyzed analyzed(const std::vector<model::Event>& events, model::TimeNs end_ns,
                  analyze::Unwinder* unwinder = nullptr) {
  Analyzed result;
  analyze::Analysis analysis({}, {}, analyze::kDefaultSlowStepNs, [&](const Interval& interval) {
    result.intervals.push_back(interval);
  });
  if (unwinder != nullptr) analysis.unwind_with(*unwinder);
  for (const model::Event& event : events) analysis.push(event);
  model::Ending ending;
  ending.end_ns = end_ns;
  auto summary = analysis.finish(ending, {}, 0);
  EXPECT_TRUE(summary.has_value());
  if (summary) result.summary = std::move(*summary);
  return result;
}

TEST(Stacks, WhatIsWaitedIsAddedUpByStackAndSystemCall) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.emit(model::kNoTask, stack_of(1, 1, {0x100, 0x200}));
  t.at(20us).emit(a, stacks(1)).block_to(model::kIdleTask, kRead);
  t.at(30us).wake(a).at(31us).switch_to(a);
  t.at(40us).emit(a, stacks(1)).block_to(model::kIdleTask, kRead);
  t.at(55us).wake(a).at(56us).switch_to(a);
  t.at(60us).emit(a, stacks(2)).block_to(model::kIdleTask, kFutex);
  t.at(61us).emit(model::kNoTask, stack_of(2, 1, {0x300}));  // a moment late, from another ring
  t.at(65us).wake(a).at(66us).switch_to(a);
  t.at(70us).block_to(model::kIdleTask, kFutex);  // its stack was lost
  t.at(71us).wake(a).at(72us).switch_to(a);
  const Analyzed result = analyzed(t.events(), 80'000);
  const analyze::StackSums& sums = result.summary.stacks;
  ASSERT_EQ(sums.waits.size(), 2u);
  EXPECT_EQ(sums.waits[0].time_ns, 25'000u);
  EXPECT_EQ(sums.waits[0].count, 2u);
  EXPECT_EQ(analyze::blocked_name(sums.waits[0].key), "read");
  EXPECT_EQ(result.frame(sums.waits[0].stacks.user), 0x100u);
  EXPECT_EQ(sums.waits[1].time_ns, 5'000u);
  EXPECT_EQ(result.frame(sums.waits[1].stacks.user), 0x300u);
  EXPECT_EQ(sums.waited_ns, 30'000u);
  EXPECT_EQ(sums.waited_without_ns, 1'000u);
  EXPECT_EQ(sums.waited_ns + sums.waited_without_ns, result.summary.totals.blocked_ns);
}

model::StackBytes piece(std::uint32_t id, std::uint64_t address, std::uint8_t first) {
  model::StackBytes bytes{.id = StackId{id}, .address = address};
  bytes.bytes[0] = first;
  return bytes;
}

TEST(Stacks, ToldAgainUnderAnotherNumberItIsTheSame) {
  analyze::StackTable table;
  table.on_stack(stack_of(7, 1, {0x100, 0x200}));
  const auto first = table.number_of(StackId{7}, 10);
  table.on_stack(stack_of(900'000, 1, {0x100, 0x200}));
  EXPECT_EQ(table.number_of(StackId{900'000}, 20), first);
  EXPECT_EQ(table.number_of(StackId{7}, 30), first);
  EXPECT_EQ(table.view(first).at_ns, 10u);
  // Another address space, fewer frames, the kernel's: others.
  table.on_stack(stack_of(8, 2, {0x100, 0x200}));
  table.on_stack(stack_of(9, 1, {0x100}));
  model::Stack kernel = stack_of(10, 1, {0x100, 0x200});
  kernel.kernel = true;
  table.on_stack(kernel);
  std::set<analyze::StackNumber> numbers{first};
  for (const std::uint32_t id : {8, 9, 10}) numbers.insert(table.number_of(StackId{id}, 40));
  EXPECT_EQ(numbers.size(), 4u);
  // An event may come before what its stack is told by, and keeps its number.
  const auto early = table.number_of(StackId{11}, 50);
  EXPECT_TRUE(table.view(early).frames.empty());
  table.on_stack(stack_of(11, 1, {0x300}));
  EXPECT_EQ(table.number_of(StackId{11}, 60), early);
  ASSERT_EQ(table.view(early).frames.size(), 1u);
  EXPECT_EQ(table.view(early).frames[0], 0x300u);
}

TEST(Stacks, CopiesAreUnwoundAsTheyComeAndEqualOnesAreOne) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).emit(a, piece(1, 0x1000, 7)).emit(a, copy_of(1, 0x100));
  t.emit(a, stacks(1)).block_to(model::kIdleTask, kRead);
  t.at(30us).wake(a).at(31us).switch_to(a);
  t.at(40us).emit(a, piece(2, 0x2000, 7)).emit(a, copy_of(2, 0x100));
  t.emit(a, stacks(2)).block_to(model::kIdleTask, kRead);
  t.at(45us).wake(a).at(46us).switch_to(a);
  t.at(50us).emit(a, piece(3, 0x2000, 8)).emit(a, copy_of(3, 0x100));
  t.emit(a, stacks(3)).block_to(model::kIdleTask, kRead);
  t.at(51us).wake(a).at(52us).switch_to(a);
  Words unwinder;
  const Analyzed result = analyzed(t.events(), 60'000, &unwinder);
  EXPECT_EQ(unwinder.times, 3);
  const analyze::StackSums& sums = result.summary.stacks;
  ASSERT_EQ(sums.waits.size(), 2u);
  EXPECT_EQ(sums.waits[0].time_ns, 15'000u);
  EXPECT_EQ(sums.waits[0].count, 2u);
  const auto view = sums.table->view(sums.waits[0].stacks.user);
  EXPECT_EQ(std::vector(view.frames.begin(), view.frames.end()),
            (std::vector<std::uint64_t>{0x100, 7}));
  EXPECT_EQ(view.end, analyze::StackEnd::kFirstFunction);
  EXPECT_EQ(sums.waits[1].time_ns, 1'000u);
}

// A dump or a comparison looks into no files.
TEST(Stacks, WithoutAnUnwinderACopyHasItsInnermostFrame) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.at(20us).emit(a, piece(1, 0x1000, 7)).emit(a, copy_of(1, 0x100));
  t.emit(a, stacks(1)).block_to(model::kIdleTask, kRead);
  t.at(30us).wake(a).at(31us).switch_to(a);
  const Analyzed result = analyzed(t.events(), 60'000);
  ASSERT_EQ(result.summary.stacks.waits.size(), 1u);
  const auto view = result.summary.stacks.table->view(result.summary.stacks.waits[0].stacks.user);
  EXPECT_EQ(view.frames.size(), 1u);
  EXPECT_EQ(view.end, analyze::StackEnd::kNotTold);
}

TEST(Stacks, WordsOfACopyMayLieInTwoPieces) {
  analyze::CopiedStack stack;
  stack.pieces[0x1000][1020] = 1;
  stack.pieces[0x1400][3] = 2;
  EXPECT_EQ(stack.read(0x13fc, 8), 0x0200000000000001u);
  EXPECT_EQ(stack.read(0x17f8, 8), 0u);
  EXPECT_EQ(stack.read(0x17f9, 8), std::nullopt);
  EXPECT_EQ(stack.read(0xffc, 8), std::nullopt);
  EXPECT_EQ(stack.read(~0ull, 8), std::nullopt);
  EXPECT_EQ(stack.read(0x1000, 9), std::nullopt);
}

TEST(Stacks, AStackBelongsToTheNextEventOfItsKindAndTimeOnItsCpu) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.emit(model::kNoTask, stack_of(1, 1, {0x100}));
  t.at(20us).emit(a, stacks(1, model::StackWhat::kFault));
  t.at(20us).block_to(model::kIdleTask, kRead);  // the fault was lost
  t.at(30us).wake(a).at(31us).switch_to(a);
  t.at(39us).emit(a, stacks(1));
  t.at(40us).block_to(model::kIdleTask, kRead);  // that of 39 us was lost
  t.at(41us).wake(a).at(42us).switch_to(a);
  const Analyzed result = analyzed(t.events(), 50'000);
  EXPECT_TRUE(result.summary.stacks.waits.empty());
  EXPECT_EQ(result.summary.stacks.waited_without_ns, 11'000u);
}

TEST(Stacks, SamplesStandForTheirPeriod) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  t.emit(model::kNoTask, stack_of(1, 1, {0x100}));
  for (int i = 0; i < 3; ++i) {
    t.after(5us).emit(a, model::Sample{.period_ns = 5'000, .user = StackId{1}});
  }
  const Analyzed result = analyzed(t.events(), 50'000);
  ASSERT_EQ(result.summary.stacks.runs.size(), 1u);
  EXPECT_EQ(result.summary.stacks.runs[0].count, 3u);
  EXPECT_EQ(result.summary.stacks.ran_ns, 15'000u);
  std::size_t moments = 0;
  for (const Interval& interval : result.intervals) {
    const auto* sampled = std::get_if<analyze::Sampled>(&interval.doing);
    if (sampled == nullptr) continue;
    ++moments;
    EXPECT_EQ(interval.begin_ns, *interval.end_ns);
    EXPECT_EQ(result.frame(sampled->stacks.user), 0x100u);
  }
  EXPECT_EQ(moments, 3u);
}

TEST(Stacks, OfWakersFaultsAndCreators) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("a", 100);
  for (std::uint32_t id = 1; id <= 4; ++id) {
    t.emit(model::kNoTask, stack_of(id, 1, {id * 0x100}));
  }
  t.at(20us).emit(a, stacks(1, model::StackWhat::kTaskNew));
  const TaskId b = t.at(20us).fork(101);
  t.at(25us).wake_new(b).at(26us).cpu(1).switch_to(b);
  t.at(30us).emit(b, stacks(2, model::StackWhat::kFault)).fault(cow_copy());
  t.at(40us).emit(b, stacks(3)).block_to(model::kIdleTask, kRead);
  t.at(50us).cpu(0).emit(a, stacks(4, model::StackWhat::kWakeup)).wake(b, a);
  t.at(52us).cpu(1).switch_to(b);
  const Analyzed result = analyzed(t.events(), 60'000);
  std::uint64_t created = 0, faulted = 0, blocked = 0, woken = 0;
  for (const Interval& interval : result.intervals) {
    if (const auto* it = std::get_if<analyze::Created>(&interval.doing)) {
      created = result.frame(it->stacks.user);
    } else if (const auto* fault = std::get_if<analyze::Faulted>(&interval.doing)) {
      faulted = result.frame(fault->stacks.user);
    } else if (const auto* wait = std::get_if<analyze::Blocked>(&interval.doing)) {
      if (wait->stacks.any()) blocked = result.frame(wait->stacks.user);
    } else if (const auto* runnable = std::get_if<analyze::Runnable>(&interval.doing)) {
      if (runnable->waker.any()) woken = result.frame(runnable->waker.user);
    }
  }
  EXPECT_EQ(created, 0x100u);
  EXPECT_EQ(faulted, 0x200u);
  EXPECT_EQ(blocked, 0x300u);
  EXPECT_EQ(woken, 0x400u);
}

}  // namespace
}  // namespace triptych::test
