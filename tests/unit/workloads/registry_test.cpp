// SPDX-License-Identifier: Apache-2.0
#include "workloads/registry.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace triptych::workloads {
namespace {

TEST(RegistryTest, HasTheEightScenarios) {
  std::set<std::string_view> names;
  for (const Scenario& scenario : scenarios()) {
    EXPECT_TRUE(names.insert(scenario.name).second) << scenario.name;
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"cow", "cpu", "create", "idle", "io", "ipc", "lock",
                                               "switch"}));
}

TEST(RegistryTest, EachScenarioIsComplete) {
  for (const Scenario& scenario : scenarios()) {
    SCOPED_TRACE(scenario.name);
    EXPECT_FALSE(scenario.operation.empty());
    EXPECT_FALSE(scenario.alike.empty());
    EXPECT_FALSE(scenario.different.empty());
    EXPECT_GE(scenario.default_operations, 1u);
    std::set<std::pair<Model, std::string_view>> variants;
    std::set<Model> models;
    for (const Variant& variant : scenario.variants) {
      EXPECT_TRUE(variants.insert({variant.model, variant.name}).second) << variant.name;
      EXPECT_FALSE(variant.summary.empty());
      models.insert(variant.model);
    }
    EXPECT_EQ(models.size(), 3u);
    EXPECT_TRUE(find_variant(scenario, Model::kCoroutine, "stackless"));
    EXPECT_TRUE(find_variant(scenario, Model::kCoroutine, "stackful"));
  }
}

TEST(RegistryTest, DefaultsLieWithinTheLimits) {
  for (const Scenario& scenario : scenarios()) {
    std::vector<std::string> settings;
    for (const Parameter& parameter : scenario.parameters) {
      EXPECT_FALSE(parameter.summary.empty()) << parameter.key;
      settings.push_back(std::string(parameter.key) + "=" +
                         to_text(parameter, parameter.default_value));
    }
    const Result<Parameters> parameters = Parameters::parse(scenario.parameters, settings);
    EXPECT_TRUE(parameters) << parameters.error().message;
  }
}

TEST(RegistryTest, FindsByName) {
  ASSERT_NE(find_scenario("create"), nullptr);
  EXPECT_EQ(find_scenario("create")->name, "create");
  EXPECT_EQ(find_scenario("creat"), nullptr);
  EXPECT_EQ(find_scenario(""), nullptr);
}

TEST(RegistryTest, TheFirstVariantIsTheDefault) {
  const Scenario& scenario = *find_scenario("create");
  EXPECT_EQ((*find_variant(scenario, Model::kProcess, ""))->name, "fork");
  EXPECT_EQ((*find_variant(scenario, Model::kThread, ""))->name, "default");
  EXPECT_EQ((*find_variant(scenario, Model::kCoroutine, ""))->name, "stackless");
  EXPECT_EQ((*find_variant(scenario, Model::kProcess, "vfork"))->name, "vfork");
}

TEST(RegistryTest, NamesTheVariantsThereAre) {
  const auto missing = find_variant(*find_scenario("create"), Model::kThread, "fork");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kUsage);
  EXPECT_EQ(missing.error().message, "create has no variant fork for thread");
  EXPECT_EQ(missing.error().hint, "there is default, small-stack");
}

}  // namespace
}  // namespace triptych::workloads
