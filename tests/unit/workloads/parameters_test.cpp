// SPDX-License-Identifier: Apache-2.0
#include "workloads/parameters.hpp"

#include <gtest/gtest.h>

namespace triptych::workloads {
namespace {

constexpr std::string_view kWords[] = {"futex", "pipe"};
constexpr Parameter kKnown[] = {
    {"count", "", ParameterKind::kCount, 2, 2, 1024, {}},
    {"size", "", ParameterKind::kBytes, 16 << 20, 4096, 1 << 30, {}},
    {"time", "", ParameterKind::kDuration, 5'000'000, 0, 1'000'000'000, {}},
    {"share", "", ParameterKind::kShare, 500'000, 0, 1'000'000, {}},
    {"way", "", ParameterKind::kChoice, 1, 0, 0, kWords},
};

Result<Parameters> parse(const std::vector<std::string>& settings) {
  return Parameters::parse(kKnown, settings);
}

// "message / hint" of the refusal.
std::string refusal(const std::string& setting) {
  const Result<Parameters> parameters = parse({setting});
  if (parameters) return "not refused";
  EXPECT_EQ(parameters.error().code, ErrorCode::kUsage);
  return parameters.error().message + " / " + parameters.error().hint;
}

std::uint64_t value_of(const std::string& setting) {
  const Result<Parameters> parameters = parse({setting});
  if (!parameters) {
    ADD_FAILURE() << parameters.error().message;
    return 0;
  }
  return parameters->value(setting.substr(0, setting.find('=')));
}

TEST(ParametersTest, HasTheDefaults) {
  const Result<Parameters> parameters = parse({});
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->value("count"), 2u);
  EXPECT_EQ(parameters->value("size"), 16u << 20);
  EXPECT_EQ(parameters->value("time"), 5'000'000u);
  EXPECT_EQ(parameters->value("share"), 500'000u);
  EXPECT_EQ(parameters->choice("way"), "pipe");
}

TEST(ParametersTest, ReadsEachKind) {
  EXPECT_EQ(value_of("count=1024"), 1024u);
  EXPECT_EQ(value_of("size=64M"), 64u << 20);
  EXPECT_EQ(value_of("size=4096"), 4096u);
  EXPECT_EQ(value_of("time=10us"), 10'000u);
  EXPECT_EQ(value_of("time=0"), 0u);
  EXPECT_EQ(value_of("share=0.25"), 250'000u);
  EXPECT_EQ(value_of("share=25%"), 250'000u);
  EXPECT_EQ(value_of("share=0.5%"), 5'000u);
  EXPECT_EQ(value_of("share=12.3456%"), 123'456u);
  EXPECT_EQ(value_of("share=1"), 1'000'000u);
  EXPECT_EQ(value_of("way=futex"), 0u);
}

TEST(ParametersTest, TheLastSettingWins) {
  const Result<Parameters> parameters = parse({"count=5", "count=7"});
  ASSERT_TRUE(parameters);
  EXPECT_EQ(parameters->value("count"), 7u);
}

TEST(ParametersTest, NamesTheLimitsOfWhatItRefuses) {
  EXPECT_EQ(refusal("count=1"), "count=1 is not possible / count is from 2 to 1024");
  EXPECT_EQ(refusal("count=1025"), "count=1025 is not possible / count is from 2 to 1024");
  EXPECT_EQ(refusal("size=2G"), "size=2G is not possible / size is from 4K to 1G");
  EXPECT_EQ(refusal("time=2s"), "time=2s is not possible / time is from 0 to 1s");
  EXPECT_EQ(refusal("share=33.33333%"),
            "share=33.33333% is not possible / share is from 0% to 100%, in steps of 0.0001%");
  EXPECT_EQ(refusal("share=101%"),
            "share=101% is not possible / share is from 0% to 100%, in steps of 0.0001%");
  EXPECT_EQ(refusal("way=door"), "way=door is not possible / way is one of: futex, pipe");
}

TEST(ParametersTest, RefusesWhatIsNoValue) {
  for (const char* setting : {"count=",
                              "count=-3",
                              "count=3.5",
                              "count=3x",
                              "count=0x10",
                              "count= 3",
                              "count=99999999999999999999",
                              "size=",
                              "size=4KB",
                              "time=",
                              "time=3 ms",
                              "share=",
                              "share=%",
                              "share=.5",
                              "share=0.",
                              "share=0.1234567",
                              "share=-0.1",
                              "share=1e-1",
                              "way=",
                              "way=Pipe"}) {
    EXPECT_NE(refusal(setting), "not refused") << setting;
  }
}

TEST(ParametersTest, RefusesWhatIsNoSetting) {
  EXPECT_EQ(refusal("count"), "count is no setting / a setting is KEY=VALUE");
  EXPECT_EQ(refusal("=3"), "=3 is no setting / a setting is KEY=VALUE");
  EXPECT_EQ(refusal("cuont=3"),
            "there is no parameter cuont / there is count, size, time, share, way");
  const Result<Parameters> none = Parameters::parse({}, std::vector<std::string>{"a=1"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().hint, "this scenario has no parameters");
}

TEST(ParametersTest, EscapesWhatItRefuses) {
  EXPECT_EQ(refusal("way=\x1b[2J"), "way=\\x1b[2J is not possible / way is one of: futex, pipe");
}

TEST(ParametersTest, WritesWhatItReads) {
  const std::vector<std::string> settings = {"count=17", "size=1536K", "time=250us", "share=12.5%",
                                             "way=futex"};
  const Result<Parameters> parameters = parse(settings);
  ASSERT_TRUE(parameters);
  std::vector<std::string> again;
  for (const auto& [key, text] : parameters->as_text())
    again.push_back(std::string(key) + "=" + text);
  EXPECT_EQ(again, settings);
}

TEST(ParametersTest, WritesOddValuesExactly) {
  EXPECT_EQ(to_text(kKnown[1], 4097), "4097");
  EXPECT_EQ(to_text(kKnown[1], 0), "0");
  EXPECT_EQ(to_text(kKnown[2], 0), "0");
  EXPECT_EQ(to_text(kKnown[2], 1'000'000'001), "1000000001ns");
  EXPECT_EQ(to_text(kKnown[3], 1), "0.0001%");
  EXPECT_EQ(to_text(kKnown[3], 0), "0%");
}

}  // namespace
}  // namespace triptych::workloads
