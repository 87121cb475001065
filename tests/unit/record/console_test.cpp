// SPDX-License-Identifier: Apache-2.0
#include "record/console.hpp"

#include <gtest/gtest.h>

namespace triptych::record {
namespace {

TEST(FormatProgress, SaysElapsedEventsBytesAndLost) {
  EXPECT_EQ(format_progress({12'999'999'999, 1'234'567, 45'678'901, 0}),
            "12 s  1,234,567 events  45.7 MB  0 lost");
  EXPECT_EQ(format_progress({0, 0, 0, 1000}), "0 s  0 events  0.0 MB  1,000 lost");
}

}  // namespace
}  // namespace triptych::record
