// SPDX-License-Identifier: Apache-2.0
#include "diff/input.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace triptych::diff {
namespace {

const Metric* find(const Input& input, const std::string& name) {
  for (const Metric& metric : input.metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

TEST(ParseInput, Comparison) {
  const auto input = parse_input(R"({"schema": "triptych.compare/1", "effort": "quick",
    "environment": {"kernel": "6.1", "load": 3.5, "cpus": 2, "mitigations": ["a", "b"]},
    "scenarios": [{"name": "create", "label": "", "parameters": {"resident": "16M"}}],
    "cells": [{"scenario": "create", "label": "", "model": "process", "variant": "fork",
      "placement": "pinned", "figures": [
        {"name": "time_per_operation", "unit": "ns", "values": [1, 2, 3]},
        {"name": "parent_resident_bytes", "unit": "bytes", "values": [7]},
        {"name": "pss_bytes_per_unit", "unit": "bytes", "values": [8]}],
      "traced": {"figures": [{"name": "page_table_pages", "unit": "1", "value": 18}]}}]})",
                                 "a.json");
  ASSERT_TRUE(input.has_value()) << input.error().message;
  const Metric* time = find(*input, "create process fork, pinned: time_per_operation");
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->values, (std::vector<double>{1, 2, 3}));
  EXPECT_NE(find(*input, "create process fork, pinned: pss_bytes_per_unit"), nullptr);
  EXPECT_EQ(find(*input, "create process fork, pinned: recorded page_table_pages")->values,
            std::vector<double>{18});
  EXPECT_EQ(input->metrics.size(), 3u) << "the parent's memory is no cost";
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(input->circumstances, (Pairs{{"cpus", "2"},
                                         {"kernel", "6.1"},
                                         {"mitigations", "a"},
                                         {"mitigations", "b"},
                                         {"work of other programs before", "3.5 CPUs"},
                                         {"effort", "quick"},
                                         {"create.resident", "16M"}}));
}

TEST(ParseInput, Report) {
  const auto input = parse_input(R"({"schema": "triptych.report/1", "duration_ns": 5000,
    "host": {"kernel": "6.1"}, "target": {"command": ["make", "-j4"]},
    "totals": {"context_switches": {"voluntary": 7}, "wakeups": 3,
               "run_queue_latency": {"count": 1, "octaves": []}},
    "tasks": [{"comm": "cc1", "on_cpu_ns": 10, "switches": {"voluntary": 1}},
              {"comm": "cc1", "on_cpu_ns": 12, "switches": {"voluntary": 2}}],
    "forks": [{"kind": "vfork", "duration_ns": 90}]})",
                                 "r.json");
  ASSERT_TRUE(input.has_value()) << input.error().message;
  EXPECT_EQ(find(*input, "total.context_switches.voluntary")->values, std::vector<double>{7});
  EXPECT_EQ(find(*input, "total duration_ns")->unit, "ns");
  EXPECT_EQ(find(*input, "tasks cc1: on_cpu_ns")->values, std::vector<double>{11});
  EXPECT_EQ(find(*input, "tasks cc1: switches.voluntary")->values, std::vector<double>{1.5});
  EXPECT_EQ(find(*input, "forks by vfork: duration_ns")->values, std::vector<double>{90});
  EXPECT_EQ(find(*input, "total.run_queue_latency.count"), nullptr);
}

void expect_refused(const std::string& text, const std::string& message) {
  const auto input = parse_input(text, "x.json");
  ASSERT_FALSE(input.has_value()) << text;
  EXPECT_EQ(input.error().message, message);
  EXPECT_EQ(input.error().code, ErrorCode::kUsage);
  EXPECT_NE(input.error().hint, "");
}

TEST(ParseInput, RefusesForeignFiles) {
  expect_refused("", "x.json is not JSON of triptych");
  expect_refused("[1]", "x.json is not JSON of triptych");
  expect_refused(R"({"schema": "other/1"})", "x.json is neither a comparison nor a report");
  expect_refused(R"({"a": 1})", "x.json is neither a comparison nor a report");
  expect_refused(R"({"schema": "triptych.compare/1", "cells": 3})", "x.json has no figures");
  expect_refused(R"({"schema": "triptych.report/1", "tasks": {}, "totals": []})",
                 "x.json has no figures");
  expect_refused(std::string(1'000'000, '['), "x.json is not JSON of triptych");
}

TEST(ParseInput, RefusesMoreValuesThanAComparisonHas) {
  const auto file_of = [](int count) {
    std::string values = "1";
    for (int i = 1; i < count; ++i) values += ",1";
    return R"({"schema": "triptych.compare/1", "cells": [{"scenario": "a", "model": "thread",
               "variant": "b", "placement": "pinned", "figures": [{"name": "t", "unit": "ns",
               "values": [)" +
           values + "]}]}]}";
  };
  EXPECT_TRUE(parse_input(file_of(1000), "x.json").has_value());
  const auto input = parse_input(file_of(1001), "x.json");
  ASSERT_FALSE(input.has_value());
  EXPECT_EQ(input.error().message, "x.json has 1,001 values of \"a thread b, pinned: t\"");
  EXPECT_EQ(input.error().hint, "triptych compare repeats at most 1,000 times");
  EXPECT_EQ(input.error().code, ErrorCode::kUsage);
}

TEST(ParseInput, WrongTypesAreLeftOut) {
  const auto input = parse_input(R"({"schema": "triptych.compare/1", "environment": 7,
    "scenarios": [1, {"parameters": []}], "cells": [null, {"figures": 1, "traced": []},
    {"scenario": 4, "figures": [{"name": "t", "unit": "ns", "values": ["a", 2, null]}]}]})",
                                 "x.json");
  ASSERT_TRUE(input.has_value());
  ASSERT_EQ(input->metrics.size(), 1u);
  EXPECT_EQ(input->metrics[0].values, std::vector<double>{2});
}

TEST(ReadInput, MissingFile) {
  const auto input = read_input("/nonexistent/a.json");
  ASSERT_FALSE(input.has_value());
  EXPECT_EQ(input.error().message, "cannot open /nonexistent/a.json: No such file or directory");
  EXPECT_EQ(input.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace triptych::diff
