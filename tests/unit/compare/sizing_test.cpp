// SPDX-License-Identifier: Apache-2.0
#include "compare/sizing.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace triptych::compare {
namespace {

TEST(SizeRuns, FillsTheBudget) {
  const std::vector<Cost> costs{{.fixed_ns = 2e6, .operation_ns = 100, .repetitions = 10},
                                {.fixed_ns = 3e6, .operation_ns = 10'000, .repetitions = 10}};
  const std::vector<Size> sizes = size_runs(costs, 500'000'000);
  ASSERT_EQ(sizes.size(), 2u);
  // 450 ms for 20 runs, a tenth of it to warm up: 20.45 ms each.
  EXPECT_NEAR(static_cast<double>(sizes[0].operations), 204'545, 100);
  EXPECT_NEAR(static_cast<double>(sizes[0].warm_up), 20'454, 10);
  EXPECT_EQ(sizes[1].operations, 2045u);
  EXPECT_EQ(sizes[1].warm_up, 204u);
  EXPECT_LE(total_ns(costs, sizes), 500e6);
}

TEST(SizeRuns, KeepsWithinItsLimits) {
  const std::vector<Cost> costs{{.fixed_ns = 0, .operation_ns = 1000, .repetitions = 10}};
  EXPECT_EQ(size_runs(costs, 0)[0], (Size{1000, 100})) << "1 ms at least";
  EXPECT_NEAR(static_cast<double>(size_runs(costs, 3'600'000'000'000)[0].operations), 60'000, 1);
}

TEST(SizeRuns, LongOperationsAndStatesRunOnce) {
  const std::vector<Cost> costs{
      {.fixed_ns = 0, .operation_ns = 300e6, .repetitions = 10},
      {.fixed_ns = 2e9, .operation_ns = 1, .repetitions = 10, .counted_once = true}};
  const std::vector<Size> sizes = size_runs(costs, 1'000'000'000);
  EXPECT_EQ(sizes[0], (Size{1, 1})) << "the first operation is never the one that is timed";
  EXPECT_EQ(sizes[1], (Size{1, 0})) << "a state is counted as it comes";
  EXPECT_EQ(total_ns(costs, sizes), 10 * 2 * 300e6 + 2e9 + 1);
}

TEST(Corrected, ShortensWhatTookMuchLongerThanPlanned) {
  const Cost cost{.fixed_ns = 0, .operation_ns = 2000, .repetitions = 10};
  const Size size{10'000, 1000};
  EXPECT_FALSE(corrected(size, cost, 7999)) << "noise";
  EXPECT_EQ(corrected(size, cost, 20'000), (Size{1000, 100}));
  EXPECT_EQ(corrected(size, cost, 1e9), (Size{1, 1})) << "one operation at least";
  EXPECT_FALSE(corrected({1, 1}, cost, 1e9)) << "it cannot be shorter";
}

// A hiccup of the machine made one operation look as long as a whole run.
TEST(Corrected, LengthensWhatTookAFractionOfWhatWasPlanned) {
  Cost cost{.fixed_ns = 0, .operation_ns = 20e6, .repetitions = 10};
  EXPECT_FALSE(corrected({1, 1}, cost, 6e6)) << "noise";
  EXPECT_EQ(corrected({1, 1}, cost, 10'000), (Size{2000, 200}));
  cost.operation_ns = 3e9;
  EXPECT_EQ(corrected({1, 1}, cost, 10'000), (Size{6000, 600})) << "60 ms at most";
  cost.growths = 2;
  EXPECT_FALSE(corrected({1, 1}, cost, 10'000)) << "it has swung often enough";
  cost.counted_once = true;
  EXPECT_FALSE(corrected({1, 0}, cost, 1));
}

}  // namespace
}  // namespace triptych::compare
