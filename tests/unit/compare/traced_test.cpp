// SPDX-License-Identifier: Apache-2.0
#include "compare/traced.hpp"

#include <gtest/gtest.h>

#include "compare/calibration.hpp"

namespace triptych::compare {
namespace {

TEST(TracedOperations, AreRoundNumbers) {
  EXPECT_EQ(traced_operations(1000, 5e6), 5000u);
  EXPECT_EQ(traced_operations(1000, 4.9e6), 2000u);
  EXPECT_EQ(traced_operations(13, 15e6), 1'000'000u);
  EXPECT_EQ(traced_operations(10e6, 15e6), 1u);
  EXPECT_EQ(traced_operations(0, 1), 10u) << "an operation takes some time";
}

CellWindows windows_of(std::uint64_t operations) {
  CellWindows windows;
  windows.complete = true;
  WindowCounts& control = windows.control;
  WindowCounts& measured = windows.measured;
  control.switches.voluntary = 3;
  control.blocking["futex"] = 3;
  control.threads = 1;
  measured.switches.voluntary = 3 + 2 * operations;
  measured.switches.involuntary = operations / 2;
  measured.switches.mm_changes = operations;
  measured.blocking["futex"] = 3 + operations;
  measured.blocking["read"] = operations;
  measured.wakeups = 2 * operations;
  measured.run_queue_ns = 500 * operations;
  measured.faults[static_cast<std::size_t>(analyze::FaultKind::kCowCopy)] = 4 * operations;
  measured.cow = {4 * operations, 16'384 * operations, 8000 * operations};
  measured.processes = operations;
  measured.threads = 1;
  measured.page_table_pages = 18 * operations;
  for (std::uint64_t i = 0; i < operations; ++i) measured.call.add(250'000);
  return windows;
}

CellRun run_of(std::uint64_t operations) {
  CellRun run;
  run.operations = operations;
  run.elapsed_ns = operations * 300'000;
  run.coroutine_switches = 5 * operations;
  return run;
}

TEST(MakeTraced, IsPerOperationLessTheControlRun) {
  const TracedCell cell = make_traced(run_of(10), windows_of(10));
  EXPECT_EQ(cell.operations, 10u);
  EXPECT_EQ(cell.time_per_operation_ns, 300'000);
  EXPECT_EQ(cell.value("voluntary_switches"), 2);
  EXPECT_EQ(cell.value("involuntary_switches"), 0.5);
  EXPECT_EQ(cell.value("address_space_switches"), 1);
  EXPECT_EQ(cell.value("blocking_calls"), 2);
  EXPECT_EQ(cell.blocked_in.at("futex"), 1);
  EXPECT_EQ(cell.blocked_in.at("read"), 1);
  EXPECT_EQ(cell.value("run_queue_delay"), 500);
  EXPECT_EQ(cell.value("coroutine_switches"), 5);
  EXPECT_EQ(cell.value("faults_cow_copy"), 4);
  EXPECT_EQ(cell.value("cow_copied_bytes"), 16'384);
  EXPECT_EQ(cell.value("cow_time"), 8000);
  EXPECT_EQ(cell.value("processes_created"), 1);
  EXPECT_EQ(cell.value("page_table_pages"), 18);
  EXPECT_EQ(cell.value("creating_call"), 250'000) << "the mean of a call, not a sum";
  EXPECT_FALSE(cell.has("threads_created")) << "the control run creates as many";
}

TEST(MakeTraced, DoesNotDependOnTheNumberOfOperations) {
  const TracedCell few = make_traced(run_of(10), windows_of(10));
  const TracedCell many = make_traced(run_of(1000), windows_of(1000));
  ASSERT_EQ(few.figures.size(), many.figures.size());
  for (std::size_t i = 0; i < few.figures.size(); ++i) {
    EXPECT_EQ(few.figures[i].name, many.figures[i].name);
    EXPECT_DOUBLE_EQ(few.figures[i].value, many.figures[i].value) << few.figures[i].name;
  }
}

std::string source_of(const TracedCell& cell, std::string_view name) {
  for (const TracedFigure& figure : cell.figures) {
    if (figure.name == name) return figure.source;
  }
  return {};
}

TEST(MakeTraced, TakesTheCoroutineSwitchesThatWereRecorded) {
  CellWindows windows = windows_of(10);
  EXPECT_EQ(source_of(make_traced(run_of(10), windows), "coroutine_switches"),
            "counted by the program itself");
  windows.control.coroutine_switches = 2;
  windows.measured.coroutine_switches = 42;
  const TracedCell cell = make_traced(run_of(10), windows);
  EXPECT_EQ(cell.value("coroutine_switches"), 4);
  EXPECT_EQ(source_of(cell, "coroutine_switches"), "the recorder in the program: resumptions");
}

TEST(CoroutineDisagreement, IsToldWithBothCounts) {
  CellWindows windows;
  windows.measured.coroutine_switches = 50;
  EXPECT_EQ(coroutine_disagreement(run_of(10), windows), "");
  windows.measured.coroutine_switches = 4999;
  EXPECT_EQ(coroutine_disagreement(run_of(1000), windows),
            "4,999 coroutine switches were recorded, and the program counted 5,000");
}

TEST(EventRates, CountSwitchesFaultsAndTasks) {
  const auto rates = event_rates(make_traced(run_of(10), windows_of(10)));
  EXPECT_EQ(rates.at(kCoroutineEvent), 5);
  EXPECT_EQ(rates.at(kSwitchEvent), 2.5);
  EXPECT_EQ(rates.at(kFaultEvent), 4);
  EXPECT_EQ(rates.at(kProcessEvent), 1);
  EXPECT_EQ(rates.at(kThreadEvent), 0);
}

TEST(CostsAreKnown, OfProcessesByForkOnly) {
  TracedCell traced;
  EXPECT_TRUE(costs_are_known(traced)) << "no processes at all";
  traced.figures = {{"processes_created", "1", "task_newtask", 1},
                    {"page_table_pages", "1", "task_newtask", 18}};
  EXPECT_TRUE(costs_are_known(traced));
  traced.figures.pop_back();
  EXPECT_FALSE(costs_are_known(traced)) << "vfork";
}

}  // namespace
}  // namespace triptych::compare
