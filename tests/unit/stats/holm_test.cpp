// SPDX-License-Identifier: Apache-2.0
#include "stats/holm.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace triptych::stats {
namespace {

TEST(Holm, TextbookExample) {
  const std::vector<HolmEntry> entries = holm(std::vector<double>{0.01, 0.04, 0.03, 0.005}, 0.05);
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0], (HolmEntry{true, 0.03, 0.05 / 3}));
  EXPECT_EQ(entries[1], (HolmEntry{false, 0.06, 0.025}));
  EXPECT_EQ(entries[2], (HolmEntry{false, 0.06, 0.025}));
  EXPECT_EQ(entries[3], (HolmEntry{true, 0.02, 0.0125}));
}

TEST(Holm, AllRejectedAndNone) {
  const std::vector<HolmEntry> all = holm(std::vector<double>{0.02, 0.05}, 0.05);
  EXPECT_TRUE(all[0].rejected);
  EXPECT_TRUE(all[1].rejected);
  const std::vector<HolmEntry> none = holm(std::vector<double>{0.03, 0.04}, 0.05);
  EXPECT_FALSE(none[0].rejected);
  EXPECT_FALSE(none[1].rejected);
  EXPECT_EQ(none[1].alpha, 0.025);
  EXPECT_EQ(holm(std::vector<double>{}, 0.05), std::vector<HolmEntry>{});
}

}  // namespace
}  // namespace triptych::stats
