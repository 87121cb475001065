// SPDX-License-Identifier: Apache-2.0
#include "compare/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "workloads/registry.hpp"

namespace triptych::compare {
namespace {

Options options_for(std::vector<std::string> scenarios) {
  Options options;
  options.scenarios = std::move(scenarios);
  return options;
}

TEST(MakePlan, HasEveryScenarioByDefault) {
  const auto plan = make_plan({}, 1);
  ASSERT_TRUE(plan.has_value());
  for (const workloads::Scenario& scenario : workloads::scenarios()) {
    EXPECT_TRUE(std::any_of(plan->scenarios.begin(), plan->scenarios.end(), [&](const auto& each) {
      return each.scenario == &scenario;
    })) << scenario.name;
  }
  EXPECT_EQ(plan->repetitions, 10u);
  EXPECT_EQ(plan->cpu, 1u);
}

TEST(MakePlan, PinnedAndUnpinnedCellsOfEachVariant) {
  const auto plan = make_plan(options_for({"switch"}), 0);
  ASSERT_TRUE(plan.has_value());
  const std::size_t variants = workloads::find_scenario("switch")->variants.size();
  ASSERT_EQ(plan->cells.size(), 2 * variants);
  EXPECT_EQ(plan->cells.front().placement, Placement::kPinned);
  EXPECT_TRUE(plan->cells.front().traced);
  EXPECT_EQ(plan->cells.back().placement, Placement::kUnpinned);
  EXPECT_FALSE(plan->cells.back().traced);
}

TEST(MakePlan, StatesAreNotPinnedNorTraced) {
  const auto plan = make_plan(options_for({"idle"}), 0);
  ASSERT_TRUE(plan.has_value());
  for (const PlannedCell& cell : plan->cells) {
    EXPECT_EQ(cell.placement, Placement::kUnpinned);
    EXPECT_FALSE(cell.traced);
  }
}

TEST(MakePlan, ParallelWorkAlsoRunsWithOneUnit) {
  const auto plan = make_plan(options_for({"cpu"}), 0);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->scenarios[0].label, "");
  const auto with_units = options_for({"cpu"});
  Options chosen = with_units;
  chosen.settings = {"units=2"};
  const auto single = make_plan(chosen, 0);
  ASSERT_TRUE(single.has_value());
  EXPECT_EQ(single->scenarios.size(), 1u) << "who chooses the units gets those alone";
  for (const PlannedCell& cell : plan->cells) {
    EXPECT_TRUE(cell.scenario == 0 || cell.placement == Placement::kUnpinned);
  }
}

TEST(MakePlan, QuickLeavesOutMoreUnitsThanCpus) {
  Options options = options_for({"cpu"});
  options.effort = Effort::kQuick;
  const auto plan = make_plan(options, 0);
  ASSERT_TRUE(plan.has_value());
  for (const PlannedScenario& set : plan->scenarios) {
    EXPECT_TRUE(set.label.empty() || set.label == "units=1") << set.label;
  }
  EXPECT_EQ(plan->repetitions, 10u) << "fewer can prove nothing in a whole report";
}

TEST(MakePlan, SettingsGoWhereTheyAreKnown) {
  Options options = options_for({"create", "switch"});
  options.settings = {"resident=1M"};
  const auto plan = make_plan(options, 0);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->scenarios[0].parameters.value("resident"), std::uint64_t{1} << 20);
  EXPECT_TRUE(plan->scenarios[1].settings.empty());
}

TEST(MakePlan, ModelsAndRepetitions) {
  Options options = options_for({"create"});
  options.models = {"thread"};
  options.repetitions = 3;
  const auto plan = make_plan(options, 0);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->repetitions, 3u);
  for (const PlannedCell& cell : plan->cells) {
    EXPECT_EQ(cell.variant->model, workloads::Model::kThread);
  }
}

void expect_refused(const Options& options, const std::string& message) {
  const auto plan = make_plan(options, 0);
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().message, message);
  EXPECT_EQ(plan.error().code, ErrorCode::kUsage);
  EXPECT_NE(plan.error().hint, "");
}

TEST(MakePlan, RefusesWhatIsNotThere) {
  expect_refused(options_for({"creat"}), "there is no scenario creat");
  Options options = options_for({"create"});
  options.models = {"fibre"};
  expect_refused(options, "there is no model fibre");
  options.models = {};
  options.repetitions = 0;
  expect_refused(options, "0 repetitions are not possible");
  options.repetitions = {};
  options.settings = {"unknown=1"};
  expect_refused(options, "no chosen scenario has the parameter unknown=1");
}

}  // namespace
}  // namespace triptych::compare
