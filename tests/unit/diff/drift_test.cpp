// SPDX-License-Identifier: Apache-2.0
#include "diff/drift.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace triptych::diff {
namespace {

// Around 1, with a step in the middle; the spread of each half is known.
Metric stepped(double step, const std::vector<double>& noise) {
  Metric metric{"time", "ns", {}};
  for (const double factor : {1.0, 1.0 + step}) {
    for (const double each : noise) metric.values.push_back(std::exp(each) * factor);
  }
  return metric;
}

TEST(Drift, IsTheStepBetweenTheHalves) {
  const std::vector<Metric> metrics{stepped(0.10, {0, 0, 0, 0})};
  EXPECT_NEAR(drift_of(metrics).value(), std::sqrt(2.0) * std::log(1.1), 1e-12);
}

TEST(Drift, LessWhatChanceMakes) {
  // A spread of 1.4826 * 0.01 a value makes 1.5708 * 2 / 5 times its square of the medians.
  const std::vector<double> noise{-0.02, -0.01, 0, 0.01, 0.02};
  const double chance = 1.5708 * 2 / 5 * std::pow(1.4826 * 0.01, 2);
  const std::vector<Metric> metrics{stepped(0.10, noise)};
  EXPECT_NEAR(drift_of(metrics).value(), std::sqrt(2 * (std::pow(std::log(1.1), 2) - chance)),
              1e-12);
  EXPECT_EQ(drift_of(std::vector<Metric>{stepped(0.01, noise)}), 0) << "no more than chance";
}

TEST(Drift, IsTheMeanOverAllFigures) {
  const std::vector<Metric> metrics{stepped(0.10, {0, 0, 0, 0}), stepped(0, {0, 0, 0, 0})};
  EXPECT_NEAR(drift_of(metrics).value(), std::log(1.1), 1e-12);
}

TEST(Drift, FewValuesTellNothing) {
  EXPECT_FALSE(drift_of(std::vector<Metric>{stepped(0.5, {0, 0, 0})}));
  EXPECT_FALSE(drift_of(std::vector<Metric>{{"zeros", "ns", std::vector<double>(10, 0)}}));
  EXPECT_FALSE(drift_of({}));
}

}  // namespace
}  // namespace triptych::diff
