// SPDX-License-Identifier: Apache-2.0
#include "compare/hardware.hpp"

#include <gtest/gtest.h>
#include <linux/perf_event.h>

#include <cerrno>

#include "compare/child_output.hpp"

namespace triptych::compare {
namespace {

// Kernel-made counters count everywhere, and go the way of the hardware's.
constexpr Counter kSoftware[] = {
    {"page_faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS},
    {"not there", 0xffff, 0},
    {"task_clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
};

std::vector<std::optional<double>> count(const std::string& script, int* error) {
  std::optional<CounterSet> counters;
  const auto output = run_child({"/bin/sh", "-c", script}, {}, 20'000'000'000,
                                {[&](pid_t task) { counters.emplace(task, kSoftware); }, false});
  EXPECT_TRUE(output.has_value());
  *error = counters->error();
  return counters->read();
}

TEST(CounterSet, CountsFromExecOnAndChildrenToo) {
  int error = 0;
  const auto alone = count("true", &error);
  if (error == EACCES || error == EPERM) GTEST_SKIP() << "needs perf_event_paranoid of 2 or less";
  ASSERT_EQ(error, 0);
  ASSERT_EQ(alone.size(), 3u);
  EXPECT_GT(alone[0].value_or(0), 20);
  EXPECT_FALSE(alone[1]) << "an event that no machine has";
  EXPECT_GT(alone[2].value_or(0), 10'000);
  const auto children = count("for i in 1 2 3 4 5; do /bin/true; done", &error);
  EXPECT_GT(children[0].value_or(0), alone[0].value_or(0) + 5 * 20);
}

TEST(Hardware, SaysWhyThereIsNone) {
  const std::string why = why_no_hardware();
  const CounterSet trial(0, hardware_counters());
  EXPECT_EQ(why.empty(), trial.error() == 0);
  EXPECT_TRUE(why.empty() || why.find("perf_event_open says") != std::string::npos) << why;
}

}  // namespace
}  // namespace triptych::compare
