// SPDX-License-Identifier: Apache-2.0
#include "stats/bootstrap.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "stats/random.hpp"

namespace triptych::stats {
namespace {

using Values = std::vector<double>;

TEST(Random, IsTheSameEverywhere) {
  Random random(1);
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1ull);
  EXPECT_EQ(random.next(), 0xbeeb8da1658eec67ull);
  EXPECT_EQ(random.next(), 0xf893a2eefb32555eull);
  EXPECT_EQ(Random(7).below(1), 0u);
}

TEST(Random, ShufflesEveryItemToEveryPlace) {
  Random random(3);
  std::vector<std::vector<int>> seen(3, std::vector<int>(3, 0));
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> items{0, 1, 2};
    random.shuffle(items);
    for (std::size_t place = 0; place < 3; ++place)
      ++seen[place][static_cast<std::size_t>(items[place])];
  }
  for (const auto& row : seen) {
    for (const int count : row) EXPECT_NEAR(count, 2000, 150);
  }
}

TEST(Bootstrap, OneValueSaysNothing) {
  EXPECT_EQ(median_interval(Values{5}, {}), (Interval{5, 5}));
}

TEST(Bootstrap, SameSeedSameInterval) {
  const Values values{10, 12, 11, 14, 13, 10.5, 12.5, 11.5, 13.5, 30};
  const Interval interval = median_interval(values, {.level = 0.95, .resamples = 2000, .seed = 42});
  EXPECT_EQ(interval, median_interval(values, {.level = 0.95, .resamples = 2000, .seed = 42}));
  EXPECT_EQ(interval, (Interval{11, 13.5}));
}

}  // namespace
}  // namespace triptych::stats
