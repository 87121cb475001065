// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace triptych {
namespace {

TEST(EscapeTest, LeavesPrintableTextAlone) {
  EXPECT_EQ(escape("sh -c 'a=1'"), "sh -c 'a=1'");
  EXPECT_EQ(escape("grün \xe2\x82\xac \xf0\x9f\x8e\xbb"), "grün \xe2\x82\xac \xf0\x9f\x8e\xbb");
  EXPECT_EQ(escape(""), "");
}

TEST(EscapeTest, DisarmsControlCharacters) {
  EXPECT_EQ(escape("a\nb\tc\\d"), "a\\nb\\tc\\\\d");
  EXPECT_EQ(escape("\x1b[2J\r\x7f"), "\\x1b[2J\\x0d\\x7f");
  EXPECT_EQ(escape(std::string_view("a\0b", 3)), "a\\x00b");
}

TEST(EscapeTest, DisarmsC1ControlsAndBidirectionalOverrides) {
  EXPECT_EQ(escape("\xc2\x9b"
                   "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(escape("\xc2\xa0"), "\xc2\xa0");
  EXPECT_EQ(escape("\xe2\x80\xae"
                   "x"),
            "\\xe2\\x80\\xaex");
  EXPECT_EQ(escape("\xe2\x80\xaf"), "\xe2\x80\xaf");
  EXPECT_EQ(escape("\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"),
            "\\xe2\\x81\\xa6\\xe2\\x81\\xa9\xe2\x81\xaa");
}

TEST(EscapeTest, DisarmsInvalidUtf8) {
  EXPECT_EQ(escape("\xff"), "\\xff");
  EXPECT_EQ(escape("\xe2\x82"), "\\xe2\\x82");
  EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf");                    // overlong
  EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(escape("\xe2"
                   "ab"),
            "\\xe2"
            "ab");
}

TEST(QuoteTest, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(quote("make"), "make");
  EXPECT_EQ(quote(""), "\"\"");
  EXPECT_EQ(quote("a b"), "\"a b\"");
  EXPECT_EQ(quote("say \"hi\""), "\"say \\\"hi\\\"\"");
  EXPECT_EQ(quote("it's"), "\"it's\"");
  EXPECT_EQ(quote("\""), "\"\\\"\"");
  EXPECT_EQ(quote("a\nb"), "a\\nb");
  EXPECT_EQ(quote("a\n b"), "\"a\\n b\"");
}

TEST(UnescapeTest, IsTheInverseOfEscape) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  all += "\xc2\x9b \xe2\x80\xae \\x41 \\n grün";
  EXPECT_EQ(unescape(escape(all)), all);
}

TEST(UnescapeTest, TakesWhatEscapeNeverWritesAsItIs) {
  EXPECT_EQ(unescape("\\q"), "\\q");
  EXPECT_EQ(unescape("\\x41"), "\\x41");
  EXPECT_EQ(unescape("\\x4"), "\\x4");
  EXPECT_EQ(unescape("\\x1B"), "\\x1B");
  EXPECT_EQ(unescape("end\\"), "end\\");
}

TEST(FormatTest, DurationsHaveThreeSignificantDigits) {
  EXPECT_EQ(format_duration_ns(0), "0 ns");
  EXPECT_EQ(format_duration_ns(950), "950 ns");
  EXPECT_EQ(format_duration_ns(999), "999 ns");
  EXPECT_EQ(format_duration_ns(1'000), "1.00 us");
  EXPECT_EQ(format_duration_ns(1'234), "1.23 us");
  EXPECT_EQ(format_duration_ns(9'994), "9.99 us");
  EXPECT_EQ(format_duration_ns(9'999), "10.0 us");
  EXPECT_EQ(format_duration_ns(45'600'000), "45.6 ms");
  EXPECT_EQ(format_duration_ns(99'960'000), "100 ms");
  EXPECT_EQ(format_duration_ns(999'600), "1.00 ms");
  EXPECT_EQ(format_duration_ns(7'890'000'000), "7.89 s");
  EXPECT_EQ(format_duration_ns(12'345'600'000'000), "12346 s");
}

TEST(FormatTest, BytesAreInPowersOf1024) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(4096), "4.0 KiB");
  EXPECT_EQ(format_bytes((1u << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(3ull << 29), "1.5 GiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

TEST(FormatTest, CountsAreGroupedByThousands) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'000), "1,000");
  EXPECT_EQ(format_count(1'234'567), "1,234,567");
  EXPECT_EQ(format_count(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(FormatTest, CountsOneThingInTheSingular) {
  EXPECT_EQ(counted(0, "task", "tasks"), "0 tasks");
  EXPECT_EQ(counted(1, "task", "tasks"), "1 task");
  EXPECT_EQ(counted(1'000, "task", "tasks"), "1,000 tasks");
}

TEST(FormatTest, ListsAsManyAsAsked) {
  EXPECT_EQ(listed({}, 2), "");
  EXPECT_EQ(listed({"b", "a"}, 2), "a, b");
  EXPECT_EQ(listed({"a", "b", "c"}, 2), "a, b and 1 more");
}

TEST(ParseTest, Bytes) {
  std::uint64_t bytes = 7;
  EXPECT_TRUE(parse_bytes("4096", &bytes));
  EXPECT_EQ(bytes, 4096u);
  EXPECT_TRUE(parse_bytes("512K", &bytes));
  EXPECT_EQ(bytes, 512u << 10);
  EXPECT_TRUE(parse_bytes("64M", &bytes));
  EXPECT_EQ(bytes, 64u << 20);
  EXPECT_TRUE(parse_bytes("1g", &bytes));
  EXPECT_EQ(bytes, 1u << 30);
  EXPECT_TRUE(parse_bytes("2T", &bytes));
  EXPECT_EQ(bytes, 2ull << 40);
  bytes = 7;
  for (const char* bad : {"", "M", "-1", "+1", " 1", "1 ", "1.5M", "1MB", "0x10", "1e3",
                          "18446744073709551616", "18014398509481984K"}) {
    EXPECT_FALSE(parse_bytes(bad, &bytes)) << bad;
  }
  EXPECT_EQ(bytes, 7u);
}

TEST(ParseTest, Durations) {
  std::uint64_t ns = 7;
  EXPECT_TRUE(parse_duration_ns("10s", &ns));
  EXPECT_EQ(ns, 10'000'000'000u);
  EXPECT_TRUE(parse_duration_ns("3", &ns));
  EXPECT_EQ(ns, 3'000'000'000u);
  EXPECT_TRUE(parse_duration_ns("250ms", &ns));
  EXPECT_EQ(ns, 250'000'000u);
  EXPECT_TRUE(parse_duration_ns("1.5m", &ns));
  EXPECT_EQ(ns, 90'000'000'000u);
  EXPECT_TRUE(parse_duration_ns("0.25us", &ns));
  EXPECT_EQ(ns, 250u);
  EXPECT_TRUE(parse_duration_ns("1h", &ns));
  EXPECT_EQ(ns, 3'600'000'000'000u);
  EXPECT_TRUE(parse_duration_ns("18446744073709551615ns", &ns));
  EXPECT_EQ(ns, std::numeric_limits<std::uint64_t>::max());
  ns = 7;
  for (const char* bad : {"", "s", "0", "0s", "0.0ms", "0.5ns", "-1s", "1.s", ".5s", "1 s", "1d",
                          "1.5.5s", "nan", "inf", "18446744074s", "18446744073709551616ns"}) {
    EXPECT_FALSE(parse_duration_ns(bad, &ns)) << bad;
  }
  EXPECT_EQ(ns, 7u);
  for (const char* zero : {"0", "0s", "0ms", "0.0ms", "00h"})
    EXPECT_TRUE(is_zero_duration(zero)) << zero;
  for (const char* other :
       {"", "s", "0.", "0.s", "0.0.0s", "0.5s", "1s", "10s", "-0s", ".0s", "0 s", "0d"}) {
    EXPECT_FALSE(is_zero_duration(other)) << other;
  }
}

}  // namespace
}  // namespace triptych
