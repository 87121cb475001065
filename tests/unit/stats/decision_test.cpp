// SPDX-License-Identifier: Apache-2.0
#include "stats/decision.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace triptych::stats {
namespace {

using Values = std::vector<double>;

const Values kTen{100.0, 100.1, 100.2, 100.3, 100.4, 100.5, 100.6, 100.7, 100.8, 100.9};

Values scaled(double factor) {
  Values result;
  for (const double value : kTen) result.push_back(value * factor);
  return result;
}

Verdict verdict_of(const Values& sample) {
  const Question question{sample, kTen};
  return decide(std::span(&question, 1), {}, Rule{}).ratios[0].verdict;
}

TEST(Decision, FollowsTheIntervalAndTheThreshold) {
  EXPECT_EQ(verdict_of(scaled(1.05)), Verdict::kSlower);
  EXPECT_EQ(verdict_of(scaled(0.95)), Verdict::kFaster);
  EXPECT_EQ(verdict_of(scaled(1.01)), Verdict::kNoDifference);
  EXPECT_EQ(verdict_of(scaled(1.02)), Verdict::kInconclusive) << "its interval holds the threshold";
  EXPECT_EQ(verdict_of(scaled(1.03)), Verdict::kSlower);
}

TEST(Decision, DoubtNeverMakesADifferenceNone) {
  const Values slower = scaled(1.04);
  const Question question{slower, kTen};
  const auto verdict = [&](double allowance) {
    return decide(std::span(&question, 1), {}, Rule{0.05, 0.02, allowance}).ratios[0].verdict;
  };
  EXPECT_EQ(verdict(0.01), Verdict::kSlower);
  EXPECT_EQ(verdict(0.10), Verdict::kInconclusive) << "it lies within 12 %, but not within 2 %";
}

TEST(Decision, TellsRatioIntervalAndLevel) {
  const Values doubled = scaled(2);
  const Question question{doubled, kTen};
  const Answer answer = decide(std::span(&question, 1), {}, Rule{}).ratios[0];
  ASSERT_TRUE(answer.ratio && answer.interval);
  EXPECT_NEAR(*answer.ratio, 2, 1e-12);
  EXPECT_NEAR(answer.interval->low, 2 / 1.003, 0.001);
  EXPECT_NEAR(answer.interval->high, 2 * 1.003, 0.001);
  EXPECT_DOUBLE_EQ(answer.level, 0.95);
  EXPECT_NEAR(answer.adjusted_p, 2.0 / 184756, 1e-12);
}

TEST(Decision, ZerosAndSingleValuesDecideNothing) {
  EXPECT_EQ(verdict_of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of({1}), Verdict::kInconclusive);
  const Values one{50};
  const Question question{one, kTen};
  const Answer answer = decide(std::span(&question, 1), {}, Rule{}).ratios[0];
  EXPECT_NEAR(answer.ratio.value(), 50 / 100.45, 1e-4);
  EXPECT_FALSE(answer.interval);
}

TEST(Decision, MoreQuestionsNeedMoreEvidence) {
  const Values slow = scaled(1.025);
  std::vector<Question> questions(1, Question{slow, kTen});
  EXPECT_EQ(decide(questions, {}, Rule{}).ratios[0].verdict, Verdict::kSlower);
  const Values alike = scaled(1.0);
  for (int i = 0; i < 4999; ++i) questions.push_back({alike, kTen});
  EXPECT_EQ(decide(questions, {}, Rule{}).ratios[0].verdict, Verdict::kInconclusive)
      << "5,000 questions ask for more than ten repetitions can show";
}

TEST(Decision, BestIsBelowEveryOther) {
  const Values fast = scaled(0.8);
  const Values alike = scaled(0.805);
  const Values slow = scaled(1.5);
  const std::vector<BestQuestion> questions{
      {fast, {kTen, slow}}, {fast, {kTen, alike}}, {fast, {}}};
  EXPECT_EQ(decide({}, questions, Rule{}).best, (std::vector<bool>{true, false, false}));
}

}  // namespace
}  // namespace triptych::stats
