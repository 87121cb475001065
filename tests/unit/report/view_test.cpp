// SPDX-License-Identifier: Apache-2.0
#include "report/view.hpp"

#include <gtest/gtest.h>

#include "report/report.hpp"
#include "sample.hpp"

namespace triptych::report {
namespace {

std::vector<model::Tid> tids(const std::vector<const analyze::Task*>& tasks) {
  std::vector<model::Tid> found;
  for (const analyze::Task* task : tasks) found.push_back(task->tid);
  return found;
}

ViewOptions sorted_by(Sort sort) {
  ViewOptions options;
  options.sort = sort;
  return options;
}

TEST(View, LeavesStrangersOut) {
  const analyze::Summary summary = sample_summary();
  const auto view = View::make(summary);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(tids(view->tasks()), (std::vector<model::Tid>{100, 101}));
  EXPECT_FALSE(view->narrowed());
  EXPECT_NE(view->find(kStranger), nullptr);
  EXPECT_FALSE(view->contains(kStranger));
}

TEST(View, Sorts) {
  const analyze::Summary summary = sample_summary();
  EXPECT_EQ(tids(View::make(summary, sorted_by(Sort::kOnCpu))->sorted_tasks()).front(), 100);
  analyze::Summary other = sample_summary();
  other.tasks[1].faults.total = 50;
  EXPECT_EQ(tids(View::make(other, sorted_by(Sort::kFaults))->sorted_tasks()).front(), 101);
  EXPECT_EQ(tids(View::make(other, sorted_by(Sort::kStart))->sorted_tasks()).front(), 100);
  EXPECT_EQ(parse_sort("blocked"), Sort::kBlocked);
  EXPECT_EQ(parse_sort("size"), std::nullopt);
}

TEST(View, NarrowsToATask) {
  const analyze::Summary summary = sample_summary();
  ViewOptions options;
  options.tid = 101;
  const auto view = View::make(summary, options);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(tids(view->tasks()), (std::vector<model::Tid>{101}));
  EXPECT_EQ(view->forks().size(), 1u);  // it is the child of one
  EXPECT_EQ(view->marks().size(), 0u);
  EXPECT_EQ(view->address_spaces().size(), 0u);
}

TEST(View, NarrowsToAProcessByAnyOfItsNames) {
  const analyze::Summary summary = sample_summary();
  ViewOptions options;
  options.process = "sh";  // what the child was called before its exec
  EXPECT_EQ(tids(View::make(summary, options)->tasks()), (std::vector<model::Tid>{100, 101}));
  options.process = "cat";
  EXPECT_EQ(tids(View::make(summary, options)->tasks()), (std::vector<model::Tid>{101}));
  options.process = "100";
  EXPECT_EQ(tids(View::make(summary, options)->tasks()), (std::vector<model::Tid>{100}));
}

TEST(View, SaysWhatThereIsWhenNothingMatches) {
  const analyze::Summary summary = sample_summary();
  ViewOptions options;
  options.process = "kworker/0:1";
  const auto view = View::make(summary, options);
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().message, "no recorded process is kworker/0:1");
  EXPECT_EQ(view.error().hint, "it has cat, sh");
  EXPECT_EQ(view.error().code, ErrorCode::kUsage);
  options.process.clear();
  options.tid = 7;
  const auto none = View::make(summary, options);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().message, "no recorded task has the tid 7");
  EXPECT_EQ(none.error().hint, "it has 100, 101");
}

TEST(View, KnowsWhatWasNotRecorded) {
  analyze::Summary summary = sample_summary();
  EXPECT_TRUE(Available(summary).faults);
  summary.metadata.plan[2].hook.clear();
  EXPECT_FALSE(Available(summary).faults);
  EXPECT_TRUE(Available(summary).switches);
  summary.metadata.plan.push_back({"fault", "perf/page-faults", ""});  // a second hook for it
  EXPECT_TRUE(Available(summary).faults);
  EXPECT_TRUE(Available(summary).fork_calls);
  EXPECT_FALSE(Available(summary).page_table_copies);
  EXPECT_FALSE(Available(summary).kernel_taken_faults);
  summary.metadata.plan.clear();
  EXPECT_TRUE(Available(summary).faults);
  EXPECT_TRUE(Available(summary).page_table_copies);
}

TEST(BelowStrict, IsLossDamageOrDifference) {
  analyze::Summary summary = sample_summary();
  EXPECT_FALSE(below_strict(summary));
  summary.quality.add(model::Quality::out_of_order);
  EXPECT_FALSE(below_strict(summary));
  summary.quality.add(model::Quality::lost_faults);
  EXPECT_TRUE(below_strict(summary));
  summary = sample_summary();
  summary.quality.add(model::Quality::recording_cut);
  EXPECT_TRUE(below_strict(summary));
  summary = sample_summary();
  summary.audit.tasks_differing = 1;
  EXPECT_TRUE(below_strict(summary));
  summary = sample_summary();
  summary.audit.faults_counted = 9;
  EXPECT_TRUE(below_strict(summary));
  summary.audit.faults_remark = "attached";
  EXPECT_FALSE(below_strict(summary));
}

TEST(View, TellsWhoTakesAThreadForAProcess) {
  analyze::Summary summary = sample_summary();
  summary.tasks[1].tgid = 100;
  ViewOptions options;
  options.process = "101";
  const auto view = View::make(summary, options);
  ASSERT_FALSE(view.has_value());
  EXPECT_EQ(view.error().message, "no recorded process is 101");
  EXPECT_EQ(view.error().hint, "it is a thread of process 100: --tid 101 or --process 100");
}

}  // namespace
}  // namespace triptych::report
