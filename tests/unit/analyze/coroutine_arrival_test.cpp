// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <variant>
#include <vector>

#include "coroutine_fixture.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;

// A sleep whose end no tracepoint tells: the scheduler's account comes with the thread's next
// switch, after others have run, or just before a switch that is told.
TEST_F(CoroutineTest, WhatTheSchedulersAccountTellsLaterIsKnownAllTheSame) {
  at(10us, CoroutineWhat::kResumed, 1);
  trace_.at(20us).block_to(model::kIdleTask, kRead);
  trace_.at(30ms).wake(thread_).at(30ms + 5us).switch_to(thread_);
  trace_.at(31ms).block_to(model::kIdleTask, kRead);
  trace_.at(60ms).switch_to(thread_);  // untold
  at(61ms, CoroutineWhat::kSuspended, 1).at(61ms, CoroutineWhat::kResumed, 2);
  trace_.at(62ms).emit(thread_, model::Arrival{51'000'000, 60'000'000});
  trace_.block_to(model::kIdleTask, kRead);
  trace_.at(90ms).emit(thread_, model::Arrival{89'000'000, 90'000'000}).switch_to(thread_);
  at(91ms, CoroutineWhat::kSuspended, 2);
  trace_.at(100ms).exit(0).end_to(model::kIdleTask);
  std::vector<model::Event> events = trace_.events();
  events.erase(std::find_if(events.begin(), events.end(), [](const model::Event& event) {
    return event.ts_ns == 60'000'000u && std::holds_alternative<model::Switch>(event.payload);
  }));
  AnalysisInput input;
  input.ending = ending_at(100ms);
  const Summary summary = analyze_events(events, input);
  std::vector<BlockedLoop> blocked = summary.coroutines.blocked;
  std::sort(blocked.begin(), blocked.end(),
            [](const BlockedLoop& a, const BlockedLoop& b) { return a.begin_ns < b.begin_ns; });
  ASSERT_EQ(blocked.size(), 3u);
  EXPECT_EQ(blocked[1].coroutine, row(summary, 1).number);
  EXPECT_EQ(blocked[1].syscall, "read");
  EXPECT_EQ(blocked[1].begin_ns, 31'000'000u);
  EXPECT_EQ(blocked[1].duration_ns, 29'000'000u);
  const analyze::CoroutineTimes& first = row(summary, 1).times;
  EXPECT_EQ(first.unknown_ns, 0u);
  EXPECT_EQ(first.runnable_ns, 5'000u + 9'000'000u);
  EXPECT_EQ(first.blocked_ns, 29'980'000u + 20'000'000u);
  EXPECT_EQ(first.on_cpu_ns, 10'000u + 995'000u + 1'000'000u);
  EXPECT_EQ(blocked[2].duration_ns, 28'000'000u);
  const analyze::CoroutineTimes& second = row(summary, 2).times;
  EXPECT_EQ(second.unknown_ns, 0u);
  EXPECT_EQ(second.runnable_ns, 1'000'000u);
  EXPECT_EQ(second.blocked_ns, 27'000'000u);
}

}  // namespace
}  // namespace triptych::test
