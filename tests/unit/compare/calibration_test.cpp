// SPDX-License-Identifier: Apache-2.0
#include "compare/calibration.hpp"

#include <gtest/gtest.h>

namespace triptych::compare {
namespace {

// Five runs around `ns`, 1 ns apart.
std::vector<double> around(double ns) {
  return {ns - 2, ns - 1, ns, ns + 1, ns + 2};
}

TEST(EventCosts, TakeOffWhatIsKnownAlready) {
  const std::vector<CalibrationRuns> runs = {
      {kSwitchEvent, around(4000), around(4400), {{kSwitchEvent, 2}}},
      {kFaultEvent, around(10'000), around(30'600), {{kSwitchEvent, 3}, {kFaultEvent, 10}}}};
  const std::vector<EventCost> costs = event_costs(runs);
  ASSERT_EQ(costs.size(), 2u);
  EXPECT_EQ(costs[0].event, kSwitchEvent);
  EXPECT_DOUBLE_EQ(costs[0].ns, 200);
  EXPECT_EQ(costs[0].pairs, 5u);
  // The third of 25 differences from each end lies 3 ns from the middle one.
  EXPECT_DOUBLE_EQ(costs[0].uncertainty_ns, 1.5);
  EXPECT_DOUBLE_EQ(costs[1].ns, 2000);
  EXPECT_NEAR(costs[1].uncertainty_ns, 0.541, 0.001);
}

TEST(EventCosts, NothingForWhatDidNotOccur) {
  EXPECT_TRUE(event_costs({{kFaultEvent, around(10), around(20), {}}}).empty());
  EXPECT_TRUE(event_costs({{kFaultEvent, {}, {}, {{kFaultEvent, 1}}}}).empty());
}

TEST(EventCosts, TwoRunsTellLittle) {
  const std::vector<EventCost> costs =
      event_costs({{kSwitchEvent, {100, 110}, {200, 250}, {{kSwitchEvent, 1}}}});
  ASSERT_EQ(costs.size(), 1u);
  EXPECT_EQ(costs[0].uncertainty_ns, 50);
}

TEST(EventCosts, HoldWhereBothUncertaintiesAllowIt) {
  std::vector<EventCost> costs = {{kSwitchEvent, 200, 30, 5, {}}, {kFaultEvent, 1000, 30, 5, {}}};
  EXPECT_TRUE(costs[0].held()) << "nothing says otherwise";
  check({{kFaultEvent, 1051, 40, 5, {}}, {kSwitchEvent, 250, 40, 5, {}}}, &costs);
  EXPECT_EQ(costs[0].at_end->ns, 250);
  EXPECT_EQ(costs[0].drift_ns(), 50);
  EXPECT_TRUE(costs[0].held()) << "30 and 40 together are 50";
  EXPECT_FALSE(costs[1].held());
}

TEST(Estimate, OfACostThatDidNotHoldIsLessCertain) {
  std::vector<EventCost> costs = {{kSwitchEvent, 200, 30, 5, {}}};
  check({{kSwitchEvent, 160, 1, 5, {}}}, &costs);
  const CostEstimate cost = estimate({{kSwitchEvent, 2}}, costs);
  EXPECT_EQ(cost.ns, 400);
  EXPECT_EQ(cost.uncertainty_ns, 100);
}

TEST(Estimate, AddsUpCostsAndTheirUncertainty) {
  const std::vector<EventCost> costs = {{kSwitchEvent, 200, 30, 5, {}},
                                        {kFaultEvent, 1000, 40, 5, {}}};
  const CostEstimate cost = estimate({{kSwitchEvent, 1}, {kFaultEvent, 1}, {"other", 9}}, costs);
  EXPECT_EQ(cost.ns, 1200);
  EXPECT_EQ(cost.uncertainty_ns, 50);
  EXPECT_EQ(estimate({}, costs).ns, 0);
}

}  // namespace
}  // namespace triptych::compare
