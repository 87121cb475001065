// SPDX-License-Identifier: Apache-2.0
#include "analyze/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace triptych::analyze {
namespace {

TEST(HistogramTest, AnEmptyOneIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  EXPECT_EQ(histogram.octave(0), 0u);
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 16; ++value) histogram.add(value);
  EXPECT_EQ(histogram.sum(), 120u);
  EXPECT_EQ(histogram.quantile(0.5), 7u);
  EXPECT_EQ(histogram.quantile(0.0), 0u);
  EXPECT_EQ(histogram.quantile(1.0), 15u);
  EXPECT_EQ(histogram.octave(0), 2u);  // 0 and 1
  EXPECT_EQ(histogram.octave(1), 2u);
  EXPECT_EQ(histogram.octave(2), 4u);
  EXPECT_EQ(histogram.octave(3), 8u);
  EXPECT_EQ(histogram.octave(4), 0u);
}

TEST(HistogramTest, OctavesHaveTheirBorders) {
  Histogram histogram;
  for (const std::uint64_t value : {1023ull, 1024ull, 2047ull, 2048ull, ~0ull}) {
    histogram.add(value);
  }
  EXPECT_EQ(histogram.octave(9), 1u);
  EXPECT_EQ(histogram.octave(10), 2u);
  EXPECT_EQ(histogram.octave(11), 1u);
  EXPECT_EQ(histogram.octave(63), 1u);
  EXPECT_EQ(histogram.octave(64), 0u);
  EXPECT_EQ(histogram.max(), ~0ull);
}

TEST(HistogramTest, QuantilesAreOffByAThirtySecondAtMost) {
  std::mt19937_64 random(5);
  std::vector<std::uint64_t> values;
  Histogram histogram;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t value = random() >> (random() % 50 + 10);
    values.push_back(value);
    histogram.add(value);
  }
  std::sort(values.begin(), values.end());
  for (const double q : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
    const auto exact = static_cast<double>(values[rank - 1]);
    EXPECT_NEAR(static_cast<double>(histogram.quantile(q)), exact, exact / 32 + 1) << q;
  }
}

TEST(HistogramTest, MergingIsAddingTheValuesOfBoth) {
  Histogram a, b, both;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    a.add(i * 37, 2);
    b.add(i * 100'003);
    both.add(i * 37, 2);
    both.add(i * 100'003);
  }
  a.merge(b);
  EXPECT_EQ(a.count(), 3000u);
  EXPECT_EQ(a.sum(), both.sum());
  EXPECT_EQ(a.min(), both.min());
  EXPECT_EQ(a.max(), both.max());
  for (unsigned octave = 0; octave < 64; ++octave) {
    EXPECT_EQ(a.octave(octave), both.octave(octave)) << octave;
  }
  EXPECT_EQ(a.quantile(0.5), both.quantile(0.5));
}

}  // namespace
}  // namespace triptych::analyze
