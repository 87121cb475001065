// SPDX-License-Identifier: Apache-2.0
#include "compare/cell_run.hpp"

#include <gtest/gtest.h>

namespace triptych::compare {
namespace {

TEST(ParseCellRun, TakesTheFigures) {
  const auto run = parse_cell_run(R"({"schema": "triptych.run/1", "operations": 4,
    "elapsed_ns": 1000, "usage": {"user_ns": 300, "system_ns": 100}, "coroutine_switches": 8,
    "metrics": [{"name": "pss", "unit": "bytes", "value": 4096, "source": "smaps"},
                {"name": "none", "unit": "1", "value": null, "source": ""}],
    "notes": ["one CPU"]})");
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->operations, 4u);
  EXPECT_EQ(run->time_per_operation_ns(), 250);
  EXPECT_EQ(run->cpu_per_operation_ns(), 100);
  EXPECT_EQ(run->coroutine_switches, 8u);
  ASSERT_EQ(run->metrics.size(), 1u) << "what is no number is not a figure";
  EXPECT_EQ(run->metrics[0].name, "pss");
  EXPECT_EQ(run->metrics[0].value, 4096);
  EXPECT_EQ(run->notes, std::vector<std::string>{"one CPU"});
}

TEST(ParseCellRun, NoOperationsTakeNoTime) {
  const auto run = parse_cell_run(R"({"schema": "triptych.run/1", "elapsed_ns": 10})");
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->time_per_operation_ns(), 0);
}

TEST(ParseCellRun, RefusesAnythingElse) {
  for (const char* text : {"", "{", "[]", "{}", R"({"schema": "triptych.report/1"})"}) {
    EXPECT_FALSE(parse_cell_run(text).has_value()) << text;
  }
}

TEST(ParseCellRun, WrongTypesAreLeftOut) {
  const auto run = parse_cell_run(R"({"schema": "triptych.run/1", "operations": "many",
    "elapsed_ns": -3, "usage": [], "metrics": {"a": 1}, "notes": [1]})");
  ASSERT_TRUE(run.has_value());
  EXPECT_EQ(run->operations, 0u);
  EXPECT_EQ(run->elapsed_ns, 0u);
  EXPECT_TRUE(run->metrics.empty());
  EXPECT_TRUE(run->notes.empty());
}

}  // namespace
}  // namespace triptych::compare
