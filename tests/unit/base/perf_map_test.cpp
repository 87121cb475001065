// SPDX-License-Identifier: Apache-2.0
#include "base/perf_map.hpp"

#include <gtest/gtest.h>

namespace triptych {
namespace {

TEST(PerfMap, ALine) {
  const auto line = parse_perf_map_line("7f0010 0x20 a name; with words");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->start, 0x7f0010u);
  EXPECT_EQ(line->size, 0x20u);
  EXPECT_EQ(line->name, "a name; with words");
}

TEST(PerfMap, WhatIsNoLine) {
  for (const char* text : {"", "1000", "1000 10", "1000 10 ", "1000  10 x", "zz 10 x", "1000 zz x",
                           " 1000 10 x", "-1 10 x", "10000000000000000 10 x"}) {
    EXPECT_FALSE(parse_perf_map_line(text)) << text;
  }
}

TEST(PerfMap, LineByLine) {
  std::string_view text = "first\n\nlast";
  EXPECT_EQ(take_line(text), "first");
  EXPECT_EQ(take_line(text), "");
  EXPECT_EQ(take_line(text), "last");
  EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace triptych
