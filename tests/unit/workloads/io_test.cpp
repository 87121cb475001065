// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/io.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>

#include "cells.hpp"
#include "workloads/io/event_loop.hpp"

namespace triptych::workloads::io {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

TEST(EventLoop, FiresTimersInTheirOrder) {
  auto loop = EventLoop::create().value();
  const std::uint64_t start = now_ns();
  loop.wake_at(start + 3 * kMillisecond, 3);
  loop.wake_at(start + 1 * kMillisecond, 1);
  loop.wake_at(start + 2 * kMillisecond, 2);
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> fired;
  while (order.size() < 3) {
    ASSERT_EQ(loop.wait(&fired), 0);
    order.insert(order.end(), fired.begin(), fired.end());
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_GE(now_ns() - start, 3 * kMillisecond);
}

TEST(EventLoop, FiresForWhatCanBeRead) {
  auto loop = EventLoop::create().value();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd input(ends[0]);
  const UniqueFd output(ends[1]);
  EXPECT_EQ(loop.watch(input.get(), 7), 0);
  EXPECT_EQ(loop.watch(input.get(), 7), EEXIST);
  ASSERT_EQ(::write(output.get(), "x", 1), 1);
  loop.wake_at(now_ns() + 60'000 * kMillisecond, 1);
  std::vector<std::uint32_t> fired;
  ASSERT_EQ(loop.wait(&fired), 0);
  EXPECT_EQ(fired, std::vector<std::uint32_t>{7});
}

class IoTest : public testing::TestWithParam<std::tuple<Variant, const char*>> {};

std::string name_of_case(const testing::TestParamInfo<IoTest::ParamType>& info) {
  return test_name(std::get<0>(info.param)) + "_" + std::get<1>(info.param);
}

INSTANTIATE_TEST_SUITE_P(All, IoTest,
                         testing::Combine(testing::ValuesIn(variants_of("io")),
                                          testing::Values("timer", "socket")),
                         name_of_case);

TEST_P(IoTest, WaitsAllAtOnce) {
  const auto& [variant, wait] = GetParam();
  constexpr std::uint64_t kUnits = 40;
  constexpr std::uint64_t kDelay = 50 * kMillisecond;
  const auto cell = make_cell("io", variant.model, variant.name,
                              {"units=40", "delay=50ms", std::string("wait=") + wait});
  ASSERT_TRUE(cell) << cell.error().message;
  ASSERT_TRUE((*cell)->run(0));
  const std::uint64_t start = now_ns();
  const Result<void> done = (*cell)->run(2);
  ASSERT_TRUE(done) << done.error().message;
  const std::uint64_t elapsed = now_ns() - start;
  EXPECT_GE(elapsed, 2 * kDelay);
  EXPECT_LT(elapsed, kUnits * kDelay);  // one after the other it would be twice that
}

TEST_P(IoTest, CountsItsTasksAndTheirSwitches) {
  const auto& [variant, wait] = GetParam();
  const auto cell = make_cell("io", variant.model, variant.name,
                              {"units=40", "delay=5ms", std::string("wait=") + wait});
  ASSERT_TRUE(cell) << cell.error().message;
  ASSERT_TRUE((*cell)->run(10));
  const double tids = metric(**cell, "tids");
  const double switches = metric(**cell, "voluntary_switches_per_wait");
  if (variant.name == "blocking") {
    EXPECT_EQ(tids, 40);
    // A socket's waiter may be woken for room to write, too.
    EXPECT_GE(switches, wait == std::string("timer") ? 1 : 0.9);
  } else {
    EXPECT_LE(tids, 40);
    // Timers end together; whether answers come together is chance, and a loop blocks at most once
    // for each.
    EXPECT_LE(switches, wait == std::string("timer") ? 0.9 : 1.05);
  }
  if (variant.model == Model::kCoroutine) {
    EXPECT_EQ(tids, 1);
    EXPECT_GE((*cell)->coroutine_switches(), 400u);
  }
}

}  // namespace
}  // namespace triptych::workloads::io
