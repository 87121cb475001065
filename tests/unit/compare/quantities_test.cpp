// SPDX-License-Identifier: Apache-2.0
#include "compare/quantities.hpp"

#include <gtest/gtest.h>

namespace triptych::compare {
namespace {

TEST(Quantities, TimesHaveThreeDigitsAndAUnitThatFits) {
  EXPECT_EQ(format_ns(0), "0 ns");
  EXPECT_EQ(format_ns(0.382), "0.382 ns");
  EXPECT_EQ(format_ns(1.746), "1.75 ns");
  EXPECT_EQ(format_ns(13.25), "13.2 ns");
  EXPECT_EQ(format_ns(999.4), "999 ns");
  EXPECT_EQ(format_ns(999.6), "1.00 us");
  EXPECT_EQ(format_ns(412'000), "412 us");
  EXPECT_EQ(format_ns(1'200'000'000), "1.20 s");
  EXPECT_EQ(format_ns(-12'000), "-12.0 us");
}

TEST(Quantities, NumbersAreWholeWhereTheyAre) {
  EXPECT_EQ(format_number(0), "0");
  EXPECT_EQ(format_number(2), "2");
  EXPECT_EQ(format_number(2.004), "2");
  EXPECT_EQ(format_number(2.04), "2.04");
  EXPECT_EQ(format_number(20), "20");
  EXPECT_EQ(format_number(1031), "1,031");
  EXPECT_EQ(format_number(0.126), "0.126");
  EXPECT_EQ(format_number(0.00213), "0.0021");
  EXPECT_EQ(format_number(0.0000000012), "1.2e-09");
}

TEST(Quantities, RatiosAndBytes) {
  EXPECT_EQ(format_ratio(1), "1.00x");
  EXPECT_EQ(format_ratio(27.86), "27.9x");
  EXPECT_EQ(format_ratio(0.00068), "1/1,471");
  EXPECT_EQ(format_size(4096), "4.0 KiB");
  EXPECT_EQ(format_size(-4096), "-4.0 KiB");
  EXPECT_EQ(format_value(4096, "bytes"), "4.0 KiB");
  EXPECT_EQ(format_value(4096, "ns"), "4.10 us");
  EXPECT_EQ(format_value(4096, "1"), "4,096");
}

}  // namespace
}  // namespace triptych::compare
