// SPDX-License-Identifier: Apache-2.0
#include "stats/rank_sum.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace triptych::stats {
namespace {

using Values = std::vector<double>;

TEST(RankSum, DistributionOfSmallSamples) {
  EXPECT_DOUBLE_EQ(rank_sum_cdf(3, 3, 0), 1.0 / 20);
  EXPECT_DOUBLE_EQ(rank_sum_cdf(3, 3, 1), 2.0 / 20);
  EXPECT_DOUBLE_EQ(rank_sum_cdf(3, 3, 4), 10.0 / 20);
  EXPECT_DOUBLE_EQ(rank_sum_cdf(2, 3, 2), 4.0 / 10);
  EXPECT_EQ(rank_sum_cdf(3, 3, 9), 1);
  EXPECT_DOUBLE_EQ(rank_sum_cdf(10, 10, 0), 1.0 / 184756);
}

TEST(RankSum, AgreesWithTheTablesOfCriticalValues) {
  EXPECT_LE(rank_sum_cdf(10, 10, 23), 0.025);
  EXPECT_GT(rank_sum_cdf(10, 10, 24), 0.025);
  EXPECT_LE(rank_sum_cdf(8, 12, 22), 0.025);
  EXPECT_GT(rank_sum_cdf(8, 12, 23), 0.025);
}

TEST(RankSum, NormalDistributionTakesOverSmoothly) {
  EXPECT_NEAR(rank_sum_cdf(65, 65, 1600), rank_sum_cdf(64, 64, 1543), 0.004);
}

TEST(RankSum, ShiftIsTheMedianOfAllDifferences) {
  EXPECT_EQ(shift(Values{5, 7}, Values{1, 2, 4}), 3.5);  // 1 3 3 4 5 6
}

TEST(RankSum, IntervalLeavesOutTheDifferencesOfTheTail) {
  // 25 differences; P(U <= 2) is the most that 2.5 % allows, so three are beyond at each end.
  const Values a{10, 20, 30, 40, 50};
  const Values b{1, 2, 3, 4, 5};
  const Interval interval = shift_interval(a, b, 0.95);
  EXPECT_EQ(interval, (Interval{7, 47}));
}

TEST(RankSum, TooFewValuesHaveNoInterval) {
  const Interval interval = shift_interval(Values{1, 2, 3}, Values{4, 5, 6}, 0.95);
  EXPECT_TRUE(std::isinf(interval.low));
  EXPECT_TRUE(std::isinf(interval.high));
}

TEST(RankSum, AboveByMoreThanTheShiftOnly) {
  const Values low{1, 2, 3, 4, 5};
  const Values high{11, 12, 13, 14, 15};
  EXPECT_DOUBLE_EQ(p_above(high, low, 0), 1.0 / 252);
  EXPECT_DOUBLE_EQ(p_above(high, low, 5), 1.0 / 252);
  EXPECT_EQ(p_above(low, high, 0), 1);
  EXPECT_DOUBLE_EQ(p_above(high, low, 6), 2.0 / 252);  // 11 is 6 above 5, not more
}

}  // namespace
}  // namespace triptych::stats
