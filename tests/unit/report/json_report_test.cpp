// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/report.hpp"
#include "sample.hpp"
#include "support/json_schema.hpp"

namespace triptych::report {
namespace {

using nlohmann::json;

json json_of(const analyze::Summary& summary, ViewOptions options = {}) {
  const auto view = View::make(summary, options);
  EXPECT_TRUE(view.has_value());
  json parsed = json::parse(write_json(*view, {}));
  EXPECT_EQ(test::schema_violations(parsed, json::parse(json_schema())),
            std::vector<std::string>{});
  return parsed;
}

TEST(JsonReport, HasTheFiguresOfTheSummary) {
  const json report = json_of(sample_summary());
  EXPECT_EQ(report["schema"], "triptych.report/1");
  EXPECT_EQ(report["host"]["kernel"], "6.18.0");
  EXPECT_EQ(report["target"]["exit_status"], 3);
  EXPECT_EQ(report["target"]["signal"], nullptr);
  EXPECT_EQ(report["duration_ns"], 4'000'000);
  EXPECT_EQ(report["totals"]["context_switches"]["voluntary"], 11);
  EXPECT_EQ(report["totals"]["page_faults"]["total"], 8);
  EXPECT_EQ(report["totals"]["page_faults"]["kernel_taken"], nullptr);  // no hook for them
  EXPECT_EQ(report["totals"]["cow"],
            (json{{"copies", 1}, {"bytes", 4096}, {"time_ns", 1900}, {"in_file_mappings", 0}}));
  EXPECT_EQ(report["audit"]["context_switches"]["difference"], 0);
  EXPECT_EQ(report["audit"]["page_faults"]["counted"], 8);
  EXPECT_EQ(report["audit"]["page_faults"]["kernel_taken"], 1);
  EXPECT_EQ(report["data_quality"]["events"], 100);
  EXPECT_EQ(report["data_quality"]["lost"], 0);
  EXPECT_EQ(report["data_quality"]["sequence_gaps"], 0);
}

TEST(JsonReport, DescribesTasks) {
  const json report = json_of(sample_summary());
  ASSERT_EQ(report["tasks"].size(), 2u);
  const json& shell = report["tasks"][0];
  EXPECT_EQ(shell["tid"], 100);
  EXPECT_EQ(shell["created_by"], "launched");
  EXPECT_EQ(shell["blocked_by_syscall"], (json{{"read", 400'000}, {"wait4", 1'600'000}}));
  EXPECT_EQ(shell["switches"]["involuntary"], 5);
  EXPECT_EQ(shell["preempted_by"][0]["comm"], "kworker/0:1");
  EXPECT_EQ(shell["run_queue_latency"]["octaves"], (json{{{"from_ns", 1024}, {"count", 9}}}));
  EXPECT_EQ(shell["faults"]["first_touch"], 7);
  EXPECT_EQ(shell["audit"]["kernel_taken_faults"], 1);
  const json& child = report["tasks"][1];
  EXPECT_EQ(child["exit_status"], 137);
  EXPECT_EQ(child["signal"], 9);
  EXPECT_EQ(child["zombie"], true);
  EXPECT_EQ(child["audit"]["switches"], "not_comparable");
  EXPECT_EQ(child["audit"]["kernel_voluntary"], nullptr);
  EXPECT_EQ(report["strangers"][0]["tid"], 50);
}

TEST(JsonReport, DescribesForksAndAddressSpaces) {
  const json report = json_of(sample_summary());
  const json& fork = report["forks"][0];
  EXPECT_EQ(fork["kind"], "fork");
  EXPECT_EQ(fork["duration_ns"], 120'000);
  EXPECT_EQ(fork["page_table_copy_ns"], nullptr);
  EXPECT_EQ(fork["cow"]["child"]["copies"], 1);
  EXPECT_EQ(fork["cow"]["parent"]["copies"], 0);
  const json& space = report["address_spaces"][0];
  EXPECT_EQ(space["faults"].size(), 1u);
  EXPECT_EQ(space["faults"]["first_touch"]["pages"], 7);
  EXPECT_EQ(space["faults"]["first_touch"]["latency"]["count"], 7);
}

TEST(JsonReport, IsNullWhereNothingWasRecorded) {
  analyze::Summary summary = sample_summary();
  for (model::PlannedEvent& each : summary.metadata.plan) each.hook.clear();
  summary.ending.reset();
  const json report = json_of(summary);
  EXPECT_EQ(report["totals"]["context_switches"]["voluntary"], nullptr);
  EXPECT_EQ(report["totals"]["wakeups"], nullptr);
  EXPECT_EQ(report["totals"]["page_faults"]["total"], nullptr);
  EXPECT_EQ(report["totals"]["cow"], nullptr);
  EXPECT_EQ(report["tasks"][0]["on_cpu_ns"], nullptr);
  EXPECT_EQ(report["address_spaces"][0]["faults"], nullptr);
  EXPECT_EQ(report["target"]["exit_status"], nullptr);
  EXPECT_EQ(report["recording"]["end_ns"], nullptr);
}

TEST(JsonReport, IsNullWhereSummaryModeKeepsNothing) {
  analyze::Summary summary = sample_summary();
  summary.summary_only = true;
  const json report = json_of(summary);
  EXPECT_EQ(report["recording"]["mode"], "summary");
  EXPECT_EQ(report["totals"]["context_switches"]["voluntary"], 11);
  EXPECT_EQ(report["totals"]["context_switches"]["yields"], nullptr);
  EXPECT_EQ(report["tasks"][0]["blocked_by_syscall"], nullptr);
  EXPECT_EQ(report["tasks"][0]["preempted_by"], nullptr);
  EXPECT_EQ(report["forks"][0]["cow"], nullptr);
  EXPECT_EQ(report["address_spaces"][0]["faults"], nullptr);
  EXPECT_EQ(report["totals"]["page_faults"]["file"], nullptr);
  EXPECT_EQ(report["totals"]["page_faults"]["cow_copy"], 0);
}

TEST(JsonReport, SurvivesStringsThatAreNoUtf8) {
  analyze::Summary summary = sample_summary();
  summary.tasks[0].comm = "a\xff\033";
  const auto view = View::make(summary);
  const std::string text = write_json(*view, {});
  EXPECT_NE(text.find(R"("comm":"a\ufffd\u001b")"), std::string::npos);
  for (const char byte : text) ASSERT_TRUE(byte == '\n' || (byte >= ' ' && byte < 0x7f));
}

TEST(JsonReport, NarrowsListsAndSaysSo) {
  ViewOptions options;
  options.tid = 101;
  const json report = json_of(sample_summary(), options);
  EXPECT_EQ(report["tasks"].size(), 1u);
  EXPECT_EQ(report["marks"].size(), 0u);
  EXPECT_EQ(report["narrowed_to"], (json{{"tid", 101}, {"process", nullptr}}));
  EXPECT_EQ(report["totals"]["page_faults"]["total"], 1);
  EXPECT_EQ(report["totals"]["context_switches"]["voluntary"], 1);
  EXPECT_EQ(report["totals"]["forks"], 0);  // it made none
  EXPECT_EQ(report["audit"]["tasks"], 1);
  EXPECT_EQ(report["audit"]["context_switches"]["recorded"], nullptr);
  EXPECT_EQ(report["audit"]["page_faults"]["recorded"], 1);
  EXPECT_EQ(report["audit"]["page_faults"]["counted"], nullptr);
  EXPECT_EQ(report["audit"]["page_faults"]["remark"],
            "the counting event counts the whole target, not a part of it");
}

TEST(JsonReport, SaysWhyTimeIsUnknown) {
  analyze::Summary summary = sample_summary();
  summary.totals.unknown_by_cause_ns = {1, 2, 3, 4};
  EXPECT_EQ(
      json_of(summary)["data_quality"]["unknown_by_cause_ns"],
      (json{{"before_first_event", 1}, {"loss", 2}, {"unexplained", 3}, {"wakeups_left_out", 4}}));
}

TEST(SchemaChecker, FindsViolations) {
  const json schema = json::parse(json_schema());
  json report = json_of(sample_summary());
  report.erase("forks");
  report["extra"] = 1;
  report["tasks"][0]["tid"] = "100";
  EXPECT_EQ(test::schema_violations(report, schema),
            (std::vector<std::string>{
                "/: lacks \"forks\"",
                "/: has \"extra\", which the schema does not name",
                "/tasks/0/tid: \"100\" is no \"integer\"",
            }));
}

}  // namespace
}  // namespace triptych::report
