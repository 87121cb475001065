// SPDX-License-Identifier: Apache-2.0
//
// Intervals are told where they are counted: whatever is missing from a trace, those of a task
// follow each other from its beginning to its end, and add up to its figures.
#include <algorithm>
#include <map>

#include "analyze_support.hpp"
#include "random_trace.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::Interval;
using analyze::Summary;
using model::TaskId;

struct Told {
  std::map<std::size_t, std::uint64_t> sums;  // ns, by the kind's place in Doing
  std::vector<std::pair<model::TimeNs, model::TimeNs>> life;
  std::uint64_t faults = 0;
};

struct Heard {
  Summary summary;
  std::map<TaskId, Told> told;
};

Heard tell(const std::vector<model::Event>& events, model::TimeNs end_ns) {
  Heard result;
  const auto hear = [&](const Interval& interval) {
    Told& told = result.told[interval.task->id];
    if (std::holds_alternative<analyze::Faulted>(interval.doing)) ++told.faults;
    if (interval.doing.index() > 3) return;
    told.sums[interval.doing.index()] += *interval.end_ns - interval.begin_ns;
    told.life.emplace_back(interval.begin_ns, *interval.end_ns);
  };
  analyze::Analysis analysis({}, {}, analyze::kDefaultSlowStepNs, hear);
  for (const model::Event& event : events) analysis.push(event);
  model::Ending ending;
  ending.end_ns = end_ns;
  auto summary = analysis.finish(ending, {}, 0);
  EXPECT_TRUE(summary.has_value());
  if (summary) result.summary = std::move(*summary);
  return result;
}

void expect_the_same(Heard result) {
  for (const analyze::Task& task : result.summary.tasks) {
    if (task.stranger) continue;
    Told& told = result.told[task.id];
    EXPECT_EQ(told.sums[0], task.on_cpu_ns);
    EXPECT_EQ(told.sums[1], task.runnable_ns);
    EXPECT_EQ(told.sums[2], task.blocked_ns);
    EXPECT_EQ(told.sums[3], task.unknown_ns);
    EXPECT_EQ(told.faults, task.faults.total);
    std::sort(told.life.begin(), told.life.end());
    model::TimeNs at = task.start_ns;
    for (const auto& [begin, end] : told.life) {
      EXPECT_EQ(begin, at);
      EXPECT_LT(begin, end);
      at = end;
    }
    EXPECT_EQ(at, task.end_ns.value_or(result.summary.end_ns));
  }
}

TEST(IntervalTest, FollowEachOtherWhicheverEventIsMissing) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    const std::vector<model::Event> whole = RandomTrace(seed, 1 + seed % 3).run(200).events();
    ASSERT_GT(whole.size(), 100u);
    const model::TimeNs end_ns = whole.back().ts_ns + 1000;
    expect_the_same(tell(whole, end_ns));
    for (std::size_t i = 1; i < whole.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "seed " << seed << ", without event " << i);
      std::vector<model::Event> events = whole;
      events.erase(events.begin() + static_cast<std::ptrdiff_t>(i));
      expect_the_same(tell(events, end_ns));
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(IntervalTest, SayWhoWokeAndWhoCameInstead) {
  TraceBuilder trace;
  const TaskId first = trace.at(0us).cpu(0).launch("first", 100);
  const TaskId second = trace.at(10us).fork(101);
  trace.at(20us).wake_new(second);
  trace.at(30us).switch_to(second);
  std::vector<analyze::Runnable> waits;
  analyze::Analysis analysis({}, {}, analyze::kDefaultSlowStepNs, [&](const Interval& interval) {
    const auto* runnable = std::get_if<analyze::Runnable>(&interval.doing);
    if (runnable != nullptr) waits.push_back(*runnable);
  });
  for (const model::Event& event : trace.events()) analysis.push(event);
  ASSERT_TRUE(analysis.finish(ending_at(40us), {}, 0).has_value());
  ASSERT_EQ(waits.size(), 2u);
  EXPECT_EQ(waits[0].why, analyze::RunnableWhy::kWoken);
  EXPECT_EQ(waits[0].by, first);
  EXPECT_EQ(waits[1].why, analyze::RunnableWhy::kPreempted);
  EXPECT_EQ(waits[1].by, second);
}

TEST(IntervalTest, SayWhoWokeTheWaker) {
  TraceBuilder trace;
  const TaskId first = trace.at(0us).cpu(0).launch("first", 100);
  const TaskId second = trace.at(10us).fork(101);
  trace.at(20us).wake_new(second);
  trace.at(30us).switch_to(second);
  const TaskId third = trace.at(40us).fork(102);
  trace.at(50us).wake_new(third);
  trace.at(60us).switch_to(third);
  std::vector<analyze::WakerChain> chains;
  analyze::Analysis analysis({}, {}, analyze::kDefaultSlowStepNs, [&](const Interval& interval) {
    const auto* blocked = std::get_if<analyze::Blocked>(&interval.doing);
    if (blocked != nullptr) chains.push_back(*blocked->wakers);
  });
  for (const model::Event& event : trace.events()) analysis.push(event);
  ASSERT_TRUE(analysis.finish(ending_at(70us), {}, 0).has_value());
  ASSERT_EQ(chains.size(), 2u);
  EXPECT_EQ(chains[0].tasks, (std::array{first, model::kNoTask, model::kNoTask, model::kNoTask}));
  EXPECT_EQ(chains[1].tasks, (std::array{second, first, model::kNoTask, model::kNoTask}));
  EXPECT_FALSE(chains[1].interrupt);
}

}  // namespace
}  // namespace triptych::test
