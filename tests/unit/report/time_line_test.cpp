// SPDX-License-Identifier: Apache-2.0
#include "report/time_line.hpp"

#include <gtest/gtest.h>

#include "sample.hpp"

namespace triptych::report {
namespace {

using analyze::Blocked;
using analyze::Interval;
using analyze::Runnable;
using analyze::Running;
using analyze::Unknown;

Interval make_interval(const analyze::Task& task, model::TimeNs from, model::TimeNs to,
                       analyze::Doing doing) {
  Interval interval;
  interval.task = &task;
  interval.begin_ns = from;
  interval.end_ns = to;
  interval.doing = std::move(doing);
  return interval;
}

std::uint64_t sum_of(const Lane& lane, TaskState state) {
  std::uint64_t sum = 0;
  for (const StateTimes& times : lane.columns) sum += times[static_cast<std::size_t>(state)];
  return sum;
}

TimeLine finished(TimeLineBuilder& builder, const analyze::Summary& summary) {
  const auto view = View::make(summary);
  EXPECT_TRUE(view.has_value());
  auto line = builder.finish(*view);
  EXPECT_TRUE(line.has_value());
  return *line;
}

TEST(TimeLine, ColumnsAddUpToWhatWasTold) {
  const analyze::Summary summary = sample_summary();  // from 1 ms to 5 ms
  const analyze::Task& shell = summary.tasks[0];
  const analyze::Task& child = summary.tasks[1];
  TimeLineBuilder builder;
  builder.add(make_interval(shell, 1'000'000, 1'700'123, Running{0}));
  builder.add(make_interval(shell, 1'700'123, 1'700'124, Runnable{}));
  builder.add(make_interval(child, 2'000'000, 2'900'001, Running{1}));
  builder.add(make_interval(shell, 1'700'124, 5'000'000, Blocked{}));  // told late: it began early
  builder.add(make_interval(child, 2'900'001, 3'100'000, Unknown{}));
  const TimeLine line = finished(builder, summary);
  ASSERT_EQ(line.tasks.size(), 2u);
  EXPECT_EQ(line.tasks[0].name, "sh 100");
  EXPECT_EQ(line.tasks[0].task, 3u);
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kRunning), 700'123u);
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kRunnable), 1u);
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kBlocked), 3'299'876u);
  EXPECT_EQ(sum_of(line.tasks[1], TaskState::kRunning), 900'001u);
  EXPECT_EQ(sum_of(line.tasks[1], TaskState::kUnknown), 199'999u);
  ASSERT_EQ(line.cpus.size(), 2u);
  EXPECT_EQ(line.cpus[1].name, "CPU 1");
  EXPECT_EQ(sum_of(line.cpus[0], TaskState::kRunning), 700'123u);
  EXPECT_EQ(sum_of(line.cpus[1], TaskState::kRunning), 900'001u);
  EXPECT_EQ(sum_of(*line.all, TaskState::kRunning), 1'600'124u);
}

TEST(TimeLine, EveryColumnHoldsWhatFallsIntoIt) {
  const analyze::Summary summary = sample_summary();
  TimeLineBuilder builder;
  builder.add(make_interval(summary.tasks[0], 1'000'000, 5'000'000, Running{0}));
  const TimeLine line = finished(builder, summary);
  std::uint64_t whole = 0;
  ASSERT_EQ(line.tasks[0].first, 0u);
  ASSERT_EQ(line.tasks[0].columns.size(), line.columns);
  for (std::size_t i = 0; i < line.columns; ++i) {
    EXPECT_EQ(line.tasks[0].columns[i][0], column_length(line, i)) << i;
    whole += column_length(line, i);
  }
  EXPECT_EQ(whole, line.duration_ns);
  EXPECT_LE(line.columns, TimeLineBuilder::kColumns);
  EXPECT_GT(line.columns, TimeLineBuilder::kColumns / 4);
}

// An hour in steps of a second: columns grow, sums stay.
TEST(TimeLine, ColumnsAreAsWideAsTheRecordingNeeds) {
  analyze::Summary summary = sample_summary();
  constexpr std::uint64_t kSecond = 1'000'000'000;
  summary.end_ns = summary.begin_ns + 3600 * kSecond;
  TimeLineBuilder builder;
  for (std::uint64_t second = 0; second < 3600; ++second) {
    const model::TimeNs from = summary.begin_ns + second * kSecond;
    builder.add(make_interval(summary.tasks[0], from, from + 300'000'000, Running{0}));
    builder.add(make_interval(summary.tasks[0], from + 300'000'000, from + kSecond, Blocked{}));
  }
  const TimeLine line = finished(builder, summary);
  EXPECT_LE(line.columns, TimeLineBuilder::kColumns);
  EXPECT_GT(line.columns, TimeLineBuilder::kColumns / 4);
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kRunning), 3600 * std::uint64_t{300'000'000});
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kBlocked), 3600 * std::uint64_t{700'000'000});
}

// A hostile file may claim any time; memory and work stay bounded.
TEST(TimeLine, TakesAnyMoment) {
  analyze::Summary summary = sample_summary();
  summary.begin_ns = 0;
  summary.end_ns = ~std::uint64_t{0};
  TimeLineBuilder builder;
  builder.add(make_interval(summary.tasks[0], 0, 10, Running{0}));
  builder.add(make_interval(summary.tasks[0], summary.end_ns - 10, summary.end_ns, Running{0}));
  builder.add(make_interval(summary.tasks[1], 0, summary.end_ns, Blocked{}));
  const TimeLine line = finished(builder, summary);
  EXPECT_LE(line.columns, TimeLineBuilder::kColumns);
  EXPECT_EQ(sum_of(line.tasks[0], TaskState::kRunning), 20u);
  EXPECT_EQ(sum_of(line.tasks[1], TaskState::kBlocked), summary.end_ns);
}

TEST(TimeLine, ShowsTheBusiestOfManyTasksAndSaysHowManyItLeavesOut) {
  analyze::Summary summary = sample_summary();
  summary.tasks.clear();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    summary.tasks.push_back(make_task(model::TaskId{i + 1}, static_cast<int>(i + 1), "t"));
  }
  TimeLineBuilder builder;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    analyze::Task& task = summary.tasks[i];
    task.on_cpu_ns = i % 50 == 0 ? 1000 + i : 10;
    builder.add(make_interval(task, 2'000'000, 2'000'000 + task.on_cpu_ns, Running{0}));
  }
  // It had done least, and came last, when room was needed for the first time; it is busy only now.
  summary.tasks[511].on_cpu_ns += 100'000;
  builder.add(make_interval(summary.tasks[511], 3'000'000, 3'100'000, Running{0}));
  const TimeLine line = finished(builder, summary);
  ASSERT_EQ(line.tasks.size(), 40u);
  for (const Lane& lane : line.tasks) EXPECT_EQ((lane.task - 1) % 50, 0u);
  EXPECT_EQ(line.tasks_left_out, 1960u);
  EXPECT_EQ(line.busy_left_out, 1u);
}

TEST(TimeLine, ThereIsNoneWhereNothingWasTold) {
  const analyze::Summary summary = sample_summary();
  TimeLineBuilder builder;
  const auto view = View::make(summary);
  ASSERT_TRUE(view.has_value());
  EXPECT_FALSE(builder.finish(*view).has_value());
}

TEST(TimeLine, HasMarksAndLosses) {
  analyze::Summary summary = sample_summary();
  analyze::LossRange range;
  range.cpu = 1;
  range.first_ns = 2'000'000;
  range.last_ns = 9'000'000;
  range.counts[0] = 3;
  summary.losses.push_back(range);
  TimeLineBuilder builder;
  builder.add(make_interval(summary.tasks[0], 1'000'000, 5'000'000, Running{0}));
  const TimeLine line = finished(builder, summary);
  ASSERT_EQ(line.happenings.size(), 2u);
  EXPECT_EQ(line.happenings[0].items.at(0).what, "begin load");
  EXPECT_EQ(line.happenings[0].items.at(0).from_ns, 200'000u);
  EXPECT_EQ(line.happenings[1].items.at(0).what, "CPU 1: 3 records lost");
  EXPECT_EQ(line.happenings[1].items.at(0).to_ns, 4'000'000u);
}

}  // namespace
}  // namespace triptych::report
