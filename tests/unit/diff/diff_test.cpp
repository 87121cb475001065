// SPDX-License-Identifier: Apache-2.0
#include "diff/diff.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace triptych::diff {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<double> around(double middle, std::size_t count = 10) {
  std::vector<double> values(count, middle);
  for (std::size_t i = 0; i < count; ++i) values[i] *= 1 + 0.001 * (static_cast<double>(i) - 4.5);
  return values;
}

Input input_of(std::vector<Metric> metrics) {
  Input input;
  input.schema = "triptych.compare/1";
  std::sort(metrics.begin(), metrics.end(),
            [](const Metric& a, const Metric& b) { return a.name < b.name; });
  input.metrics = std::move(metrics);
  return input;
}

Difference difference_of(const Input& before, const Input& after) {
  Result<Difference> difference = compare_inputs(before, after);
  EXPECT_TRUE(difference.has_value());
  difference->before_name = "a.json";
  difference->after_name = "b.json";
  return std::move(*difference);
}

TEST(Diff, LargestRatioFirst) {
  const Difference difference = difference_of(
      input_of(
          {{"alike", "ns", around(100)}, {"half", "ns", around(100)}, {"more", "ns", around(100)}}),
      input_of(
          {{"alike", "ns", around(100)}, {"half", "ns", around(50)}, {"more", "ns", around(120)}}));
  ASSERT_EQ(difference.rows.size(), 3u);
  EXPECT_EQ(difference.rows[0].name, "half");
  EXPECT_EQ(difference.rows[0].answer.verdict, stats::Verdict::kFaster);
  EXPECT_NEAR(*difference.rows[0].answer.ratio, 0.5, 0.001);
  EXPECT_EQ(difference.rows[1].name, "more");
  EXPECT_EQ(difference.rows[1].answer.verdict, stats::Verdict::kSlower);
  EXPECT_EQ(difference.rows[2].answer.verdict, stats::Verdict::kNoDifference);
  EXPECT_EQ(difference.questions, 3u);
  EXPECT_EQ(difference.count(stats::Verdict::kSlower), 1u);
}

TEST(Diff, NothingIsClaimedOfWhatWasCountedOnce) {
  const Difference difference = difference_of(input_of({{"once", "1", {2}}, {"zero", "1", {0}}}),
                                              input_of({{"once", "1", {4}}, {"zero", "1", {0}}}));
  ASSERT_EQ(difference.rows.size(), 1u) << "nothing against nothing is left out";
  EXPECT_TRUE(difference.rows[0].counted_once());
  EXPECT_EQ(*difference.rows[0].answer.ratio, 2);
  EXPECT_EQ(difference.questions, 0u);
  EXPECT_EQ(difference.count(stats::Verdict::kInconclusive), 0u);
  EXPECT_THAT(write_text(difference, 100, false), HasSubstr("nothing is claimed about them"));
}

// Many tasks of one recording are still one recording.
TEST(Diff, NothingIsClaimedOfTwoRecordings) {
  const auto report = [](int middle) {
    std::string tasks;
    for (int i = 0; i < 40; ++i) {
      tasks +=
          fmt::format(R"({}{{"comm": "worker", "on_cpu_ns": {}}})", i == 0 ? "" : ", ", middle + i);
    }
    return parse_input(fmt::format(R"({{"schema": "triptych.report/1", "tasks": [{}]}})", tasks),
                       "r.json");
  };
  const auto before = report(10'000), after = report(20'000);
  ASSERT_TRUE(before && after);
  const Difference difference = difference_of(*before, *after);
  ASSERT_EQ(difference.rows.size(), 1u);
  EXPECT_EQ(difference.rows[0].before, 10'019.5);
  EXPECT_EQ(difference.rows[0].answer.verdict, stats::Verdict::kInconclusive);
  EXPECT_EQ(difference.questions, 0u);
  EXPECT_FALSE(difference.can_claim());
  EXPECT_THAT(write_text(difference, 100, false),
              HasSubstr("One recording each, so nothing is claimed about their figures:"));
}

// Two stretches of time may lie as far apart as that, for all that so few values tell.
TEST(Diff, NothingIsClaimedWhereTheDriftIsUnknown) {
  const Difference difference = difference_of(input_of({{"t", "ns", around(100, 7)}}),
                                              input_of({{"t", "ns", around(105, 7)}}));
  EXPECT_FALSE(difference.drift);
  EXPECT_FALSE(difference.can_claim());
  EXPECT_EQ(difference.rows[0].answer.verdict, stats::Verdict::kInconclusive);
  EXPECT_THAT(write_text(difference, 200, false), HasSubstr("nothing is called slower or faster"));
  const nlohmann::json all = nlohmann::json::parse(write_json(difference));
  EXPECT_EQ(all["drift"], nullptr);
  EXPECT_EQ(all["threshold"], nullptr);
  const Difference enough = difference_of(input_of({{"t", "ns", around(100, 8)}}),
                                          input_of({{"t", "ns", around(105, 8)}}));
  EXPECT_EQ(enough.rows[0].answer.verdict, stats::Verdict::kSlower);
  EXPECT_TRUE(enough.can_claim());
}

TEST(Diff, TellsWhatOnlyOneFileHas) {
  const Difference difference =
      difference_of(input_of({{"a", "ns", around(1)}, {"b", "ns", around(1)}}),
                    input_of({{"b", "ns", around(1)}, {"c", "ns", around(1)}}));
  EXPECT_EQ(difference.only_before, std::vector<std::string>{"a"});
  EXPECT_EQ(difference.only_after, std::vector<std::string>{"c"});
}

TEST(Diff, TellsWhatElseDiffers) {
  Input before = input_of({{"a", "ns", around(1)}});
  Input after = before;
  before.circumstances = {{"kernel", "6.1"}, {"mitigation", "x"}, {"mitigation", "y"}};
  after.circumstances = {{"kernel", "6.12"}, {"mitigation", "x"}, {"governor", "powersave"}};
  const Difference difference = difference_of(before, after);
  ASSERT_EQ(difference.circumstances.size(), 3u);
  EXPECT_EQ(difference.circumstances[0].name, "kernel");
  EXPECT_EQ(difference.circumstances[0].after, "6.12");
  EXPECT_EQ(difference.circumstances[1].before, "x, y");
  EXPECT_EQ(difference.circumstances[2].name, "governor");
  EXPECT_THAT(write_text(difference, 100, false), HasSubstr("  differs  kernel: 6.1 → 6.12\n"));
}

TEST(Diff, RefusesFilesOfDifferentKinds) {
  Input before = input_of({{"a", "ns", around(1)}});
  Input after = before;
  after.schema = "triptych.report/1";
  EXPECT_FALSE(compare_inputs(before, after).has_value());
  after = input_of({{"b", "ns", around(1)}});
  EXPECT_FALSE(compare_inputs(before, after).has_value()) << "nothing in common";
}

TEST(Diff, TextHasRatioIntervalAndVerdict) {
  const Difference difference = difference_of(input_of({{"create fork: time", "ns", around(100)}}),
                                              input_of({{"create fork: time", "ns", around(110)}}));
  const std::string text = write_text(difference, 100, false);
  EXPECT_THAT(text, HasSubstr("  1 slower, 0 faster, 0 no difference, 0 inconclusive\n"));
  EXPECT_THAT(text, HasSubstr("     1.10x  1.10x … 1.10x     slower            100 ns    110 ns  "
                              "create fork: time\n"));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST(Diff, NamesFromTheFileCannotMoveTheCursor) {
  const Difference difference = difference_of(input_of({{"x\033[2Jy", "ns", around(1)}}),
                                              input_of({{"x\033[2Jy", "ns", around(2)}}));
  EXPECT_THAT(write_text(difference, 100, false), HasSubstr("x\\x1b[2Jy"));
}

TEST(Diff, JsonHasEverything) {
  const Difference difference =
      difference_of(input_of({{"t", "ns", around(100)}}), input_of({{"t", "ns", around(110)}}));
  const nlohmann::json all = nlohmann::json::parse(write_json(difference));
  EXPECT_EQ(all["schema"], "triptych.diff/1");
  EXPECT_EQ(all["of"], "triptych.compare/1");
  EXPECT_EQ(all["slower"], 1);
  EXPECT_EQ(all["metrics"][0]["name"], "t");
  EXPECT_EQ(all["metrics"][0]["verdict"], "slower");
  EXPECT_EQ(all["metrics"][0]["before_values"], 10);
}

}  // namespace
}  // namespace triptych::diff
