// SPDX-License-Identifier: Apache-2.0
//
// Whole reports, made up: how often the rule calls identical cells different, and how often it
// finds a slowdown that was put in. Half of the variance of a repetition is an effect of its
// process (layout, placement), which no number of operations averages out.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <functional>
#include <numbers>
#include <vector>

#include "stats/bootstrap.hpp"
#include "stats/decision.hpp"
#include "stats/random.hpp"
#include "stats/sample.hpp"

namespace triptych::stats {
namespace {

constexpr std::size_t kRows = 16;        // eight scenarios, pinned and not
constexpr std::size_t kCellsOfARow = 7;  // variants; the first one is the reference
constexpr std::size_t kOperations = 8;   // timed in each process

class Noise {
 public:
  Noise(std::uint64_t seed, double spread, double share_of_outliers)
      : random_(seed), spread_(spread / std::numbers::sqrt2), outliers_(share_of_outliers) {}

  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - random_.unit()));
    return radius * std::cos(2 * std::numbers::pi * random_.unit());
  }

  // The operations of one process around `typical`.
  std::vector<double> process(double typical) {
    const double effect = spread_ * normal();
    const double disturbed = random_.unit() < outliers_ ? 0.4 : 0;
    std::vector<double> times;
    const double within = spread_ * std::sqrt(static_cast<double>(kOperations));
    for (std::size_t i = 0; i < kOperations; ++i) {
      times.push_back(typical * std::exp(effect + disturbed + within * normal()));
    }
    return times;
  }

 private:
  Random random_;
  double spread_, outliers_;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

std::vector<double> repetitions(Noise& noise, std::size_t count, double typical) {
  std::vector<double> sample;
  for (std::size_t i = 0; i < count; ++i) sample.push_back(mean(noise.process(typical)));
  return sample;
}

// The mistake: every operation as if it were a repetition.
std::vector<double> pooled_operations(Noise& noise, std::size_t count, double typical) {
  std::vector<double> sample;
  for (std::size_t i = 0; i < count; ++i) {
    for (const double each : noise.process(typical)) sample.push_back(each);
  }
  return sample;
}

using Sampler = std::function<std::vector<double>(Noise&, std::size_t, double)>;

bool claims_a_difference(Noise& noise, const Sampler& sampler, const Rule& rule) {
  std::vector<std::vector<double>> samples;
  for (std::size_t i = 0; i < kRows * kCellsOfARow; ++i) samples.push_back(sampler(noise, 10, 1));
  std::vector<Question> questions;
  std::vector<BestQuestion> best;
  for (std::size_t row = 0; row < kRows; ++row) {
    const std::size_t first = row * kCellsOfARow;
    std::size_t smallest = first;
    for (std::size_t cell = first; cell < first + kCellsOfARow; ++cell) {
      if (cell > first) questions.push_back({samples[cell], samples[first]});
      if (median(samples[cell]) < median(samples[smallest])) smallest = cell;
    }
    best.push_back({samples[smallest], {}});
    for (std::size_t cell = first; cell < first + kCellsOfARow; ++cell) {
      if (cell != smallest) best.back().others.emplace_back(samples[cell]);
    }
  }
  const Answers answers = decide(questions, best, rule);
  for (const Answer& answer : answers.ratios) {
    if (answer.verdict == Verdict::kSlower || answer.verdict == Verdict::kFaster) return true;
  }
  for (const bool marked : answers.best) {
    if (marked) return true;
  }
  return false;
}

std::size_t false_reports(std::size_t reports, double spread, double outliers,
                          const Sampler& sampler, const Rule& rule) {
  Noise noise(20240607, spread, outliers);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < reports; ++i) {
    if (claims_a_difference(noise, sampler, rule)) ++wrong;
  }
  return wrong;
}

TEST(Simulation, IdenticalCellsAreSeldomCalledDifferent) {
  EXPECT_LE(false_reports(400, 0.05, 0, repetitions, Rule{}), 20u);
  EXPECT_LE(false_reports(400, 0.20, 0.05, repetitions, Rule{}), 20u) << "noise and outliers";
}

// Without the threshold nothing but the correction is left to keep the promise.
TEST(Simulation, TheCorrectionAloneKeepsThePromise) {
  EXPECT_LE(false_reports(400, 0.05, 0.05, repetitions, Rule{0.05, 0}), 20u);
}

TEST(Simulation, OperationsAreNoRepetitions) {
  EXPECT_GE(false_reports(20, 0.05, 0, pooled_operations, Rule{0.05, 0}), 5u)
      << "this noise must be able to mislead, or the tests above prove nothing";
}

// Thorough: 60 repetitions, a scenario of eight cells, pinned and not.
TEST(Simulation, ASlowdownOfFivePercentIsFound) {
  Noise noise(4, 0.03, 0.02);
  std::size_t found = 0;
  for (int run = 0; run < 200; ++run) {
    std::vector<std::vector<double>> samples;
    for (int cell = 0; cell < 16; ++cell) {
      samples.push_back(repetitions(noise, 60, 1));
      samples.push_back(repetitions(noise, 60, cell == 0 ? 1.05 : 1));
    }
    std::vector<Question> questions;
    for (std::size_t i = 0; i < samples.size(); i += 2) {
      questions.push_back({samples[i + 1], samples[i]});
    }
    const Answers answers = decide(questions, {}, Rule{});
    if (answers.ratios[0].verdict == Verdict::kSlower) ++found;
  }
  EXPECT_GE(found, 180u);
}

TEST(Simulation, MediansLieInTheirIntervals) {
  Noise noise(11, 0.05, 0);
  int covered = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> sample;
    sample.reserve(10);
    for (int j = 0; j < 10; ++j) sample.push_back(1 + 0.05 * noise.normal());
    const Interval interval = median_interval(sample, {.level = 0.95, .resamples = 500, .seed = 5});
    if (interval.low <= 1 && 1 <= interval.high) ++covered;
  }
  EXPECT_GE(covered, 368) << "of 400; docs/methodology.md says 93 %";
}

}  // namespace
}  // namespace triptych::stats
