// SPDX-License-Identifier: Apache-2.0
#include "compare/scaling.hpp"

#include <gtest/gtest.h>

#include "compare/figures.hpp"
#include "sample.hpp"

namespace triptych::compare {
namespace {

TEST(SerialFraction, FitsAmdahlsLaw) {
  const auto speed_up = [](double serial, double units) {
    return 1 / (serial + (1 - serial) / units);
  };
  EXPECT_NEAR(*fit_serial_fraction({{2, speed_up(0.25, 2)}, {4, speed_up(0.25, 4)}}, 8), 0.25,
              1e-12);
  EXPECT_NEAR(*fit_serial_fraction({{2, 2}, {4, 2}}, 2), 0, 1e-12) << "two CPUs are all there is";
  EXPECT_EQ(*fit_serial_fraction({{2, 0.9}}, 2), 1) << "no better than in turn";
  EXPECT_FALSE(fit_serial_fraction({{2, 1}}, 1)) << "with one CPU nothing can be fitted";
  EXPECT_FALSE(fit_serial_fraction({}, 4));
}

TEST(Scalings, SpeedUpAgainstOneUnit) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("cpu"), test::make_scenario("cpu", "units=1"),
                        test::make_scenario("cpu", "units=4")};
  document.scenarios[1].parameters = {{"units", "1"}};
  document.scenarios[2].parameters = {{"units", "4"}};
  document.cells = {test::make_cell(0, "thread", "default", Placement::kUnpinned, 1000),
                    test::make_cell(1, "thread", "default", Placement::kUnpinned, 1900),
                    test::make_cell(2, "thread", "default", Placement::kUnpinned, 950)};
  decide(document);
  const std::vector<Scaling> scalings = scalings_of(document, 0);
  ASSERT_EQ(scalings.size(), 1u);
  EXPECT_EQ(scalings[0].title, "thread default");
  ASSERT_EQ(scalings[0].points.size(), 2u);
  EXPECT_EQ(scalings[0].points[0].units, 2u);
  EXPECT_NEAR(scalings[0].points[0].speed_up, 1.9, 1e-9);
  EXPECT_EQ(scalings[0].points[1].units, 4u);
  EXPECT_NEAR(scalings[0].points[1].speed_up, 2, 1e-9);
  EXPECT_TRUE(scalings[0].points[0].proven);
  EXPECT_NEAR(scalings[0].points[0].interval.low, 1.9, 0.03);
  EXPECT_TRUE(scalings[0].serial_fraction);
  document.scenarios.resize(1);
  EXPECT_TRUE(scalings_of(document, 0).empty());
}

// As for any other difference: what lies within 2 % does not matter, however sure it is.
TEST(Scalings, OfOnePercentAreNotProven) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("cpu"), test::make_scenario("cpu", "units=1")};
  document.scenarios[1].parameters = {{"units", "1"}};
  document.cells = {test::make_cell(0, "thread", "default", Placement::kUnpinned, 1000),
                    test::make_cell(1, "thread", "default", Placement::kUnpinned, 1012)};
  decide(document);
  EXPECT_EQ(document.statistics.hypotheses, 1u) << "it is one of the report's questions";
  ASSERT_TRUE(document.cells[0].figures[0].against_one_unit);
  EXPECT_FALSE(scalings_of(document, 0)[0].points[0].proven);
}

TEST(Scalings, NoiseIsNoSpeedUp) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("cpu"), test::make_scenario("cpu", "units=1")};
  document.scenarios[1].parameters = {{"units", "1"}};
  document.cells = {test::make_cell(0, "coroutine", "stackless", Placement::kUnpinned, 1000),
                    test::make_cell(1, "coroutine", "stackless", Placement::kUnpinned, 1001)};
  decide(document);
  const std::vector<Scaling> scalings = scalings_of(document, 0);
  ASSERT_EQ(scalings.size(), 1u);
  EXPECT_FALSE(scalings[0].points[0].proven);
  EXPECT_FALSE(scalings[0].serial_fraction);
}

}  // namespace
}  // namespace triptych::compare
