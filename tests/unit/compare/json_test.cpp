// SPDX-License-Identifier: Apache-2.0
#include "compare/json.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "compare/explain.hpp"
#include "compare/figures.hpp"
#include "compare/ladder.hpp"
#include "sample.hpp"
#include "support/json_schema.hpp"

namespace triptych::compare {
namespace {

using nlohmann::json;

json json_of(const Document& document) {
  json parsed = json::parse(write_json(document));
  EXPECT_EQ(triptych::test::schema_violations(parsed, json::parse(json_schema())),
            std::vector<std::string>{});
  return parsed;
}

TEST(CompareJson, HasEveryRepetitionIntervalAndVerdict) {
  Document document = test::create_document();
  decide(document);
  explain(document);
  document.ladder = make_ladder(document);
  const json all = json_of(document);
  EXPECT_EQ(all["schema"], "triptych.compare/1");
  EXPECT_EQ(all["environment"]["kernel"], "6.18.0");
  EXPECT_EQ(all["statistics"]["seed"], 7);
  EXPECT_EQ(all["statistics"]["hypotheses"], 3);
  EXPECT_EQ(all["statistics"]["unit_of_resampling"], "process");
  EXPECT_EQ(all["statistics"]["too_few_repetitions"], false);
  EXPECT_EQ(all["statistics"]["timed_by"], "triptych-cell");
  EXPECT_EQ(all["tracing"]["event_costs"][0]["uncertainty_ns"], 20);
  EXPECT_EQ(all["tracing"]["event_costs"][0]["held"], nullptr);
  EXPECT_EQ(all["tracing"]["checked_after_ns"], nullptr);
  const json& fork = all["cells"][0];
  EXPECT_EQ(fork["scenario"], "create");
  EXPECT_EQ(fork["placement"], "pinned");
  EXPECT_EQ(fork["reference"], false);
  EXPECT_EQ(all["cells"][1]["reference"], true);
  EXPECT_EQ(fork["figures"][0]["values"].size(), 10u);
  EXPECT_EQ(fork["figures"][0]["against_reference"]["verdict"], "slower");
  EXPECT_EQ(fork["traced"]["figures"][2]["name"], "page_table_pages");
  EXPECT_EQ(fork["traced"]["figures"][2]["value"], 1031);
  EXPECT_EQ(all["scenarios"][0]["explanations"].size(), 2u);
  EXPECT_EQ(all["ladder"][0]["question"], "creation");
}

TEST(CompareJson, SaysWhetherTheCostsHeld) {
  Document document = test::create_document();
  document.repetitions = 9;
  document.calibrated_after_ns = 1'000'000'000;
  document.checked_after_ns = 61'000'000'000;
  document.event_costs[0].at_end = EventCost::Again{250, 10};
  const json all = json_of(document);
  EXPECT_EQ(all["statistics"]["too_few_repetitions"], true);
  EXPECT_EQ(all["tracing"]["calibrated_after_ns"], 1'000'000'000);
  EXPECT_EQ(all["tracing"]["checked_after_ns"], 61'000'000'000);
  EXPECT_EQ(all["tracing"]["event_costs"][0]["at_end"]["ns"], 250);
  EXPECT_EQ(all["tracing"]["event_costs"][0]["held"], false);
}

TEST(CompareJson, WhatIsMissingIsNull) {
  Document document = test::create_document();
  document.why_untraced = "not root";
  document.cells[0].traced.reset();
  document.cells[0].refused = "no room \xff";
  document.cells[0].figures[0].median = std::numeric_limits<double>::infinity();
  const json all = json_of(document);
  EXPECT_EQ(all["tracing"]["traced"], false);
  EXPECT_EQ(all["tracing"]["why_not"], "not root");
  EXPECT_EQ(all["cells"][0]["traced"], nullptr);
  EXPECT_EQ(all["cells"][0]["figures"][0]["median"], nullptr);
  EXPECT_EQ(all["cells"][1]["refused"], nullptr);
}

void collect_names(const json& schema, std::set<std::string>& names) {
  if (schema.is_array()) {
    for (const json& each : schema) collect_names(each, names);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties") {
      for (const auto& property : value.items()) names.insert(property.key());
    }
    collect_names(value, names);
  }
}

TEST(CompareSchema, EveryMemberIsDocumented) {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  ASSERT_NE(source, nullptr);
  std::ifstream file(std::string(source) + "/docs/compare-schema.md");
  std::stringstream page;
  page << file.rdbuf();
  std::set<std::string> names;
  collect_names(json::parse(json_schema()), names);
  EXPECT_GT(names.size(), 60u);
  for (const std::string& name : names) {
    EXPECT_NE(page.str().find("`" + name + "`"), std::string::npos)
        << name << " is not in docs/compare-schema.md";
  }
}

}  // namespace
}  // namespace triptych::compare
