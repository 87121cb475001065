// SPDX-License-Identifier: Apache-2.0
#include "stats/sample.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace triptych::stats {
namespace {

using Values = std::vector<double>;

TEST(Sample, MedianOfOddAndEven) {
  EXPECT_EQ(median(Values{3}), 3);
  EXPECT_EQ(median(Values{9, 1, 5}), 5);
  EXPECT_EQ(median(Values{4, 1, 3, 2}), 2.5);
}

TEST(Sample, QuantilesLieOnStraightLines) {
  const Values values{50, 10, 20, 40, 30};
  EXPECT_EQ(quantile(values, 0), 10);
  EXPECT_EQ(quantile(values, 0.25), 20);
  EXPECT_EQ(quantile(values, 0.375), 25);
  EXPECT_EQ(quantile(values, 1), 50);
}

TEST(Sample, OutliersAreToldByTheirPlace) {
  EXPECT_EQ(outliers(Values{10, 11, 90, 12, 11, 10, 1}), (std::vector<std::size_t>{2, 6}));
  EXPECT_EQ(outliers(Values{10, 10, 10, 10}), std::vector<std::size_t>{});
  EXPECT_EQ(outliers(Values{1, 1000, 1}), std::vector<std::size_t>{}) << "too few to say";
}

}  // namespace
}  // namespace triptych::stats
