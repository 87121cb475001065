// SPDX-License-Identifier: Apache-2.0
//
// A ring that is too small loses records, counts each of them, and says when.
#include <gtest/gtest.h>

#include <map>

#include "bpf/recorded_scenario.hpp"

namespace triptych::test {
namespace {

TEST(Loss, ProducedIsRecordedPlusLost) {
  RecordOptions options;
  options.buffer_bytes = 128 * 1024;
  options.drain = false;
  TRIPTYCH_RECORD("pinned_ping_pong", 20'000, options);
  const std::uint64_t recorded_switches = recorded.all<model::Switch>().size();
  const std::uint64_t recorded_wakeups = recorded.all<model::Wakeup>().size();
  std::uint64_t told_switches = 0, told_wakeups = 0;
  for (const auto& [event, lost] : recorded.all<model::Lost>()) {
    told_switches += lost.counts[static_cast<std::size_t>(model::LossClass::kSwitch)];
    told_wakeups += lost.counts[static_cast<std::size_t>(model::LossClass::kWakeup)];
    EXPECT_LE(lost.first_ns, lost.last_ns);
    EXPECT_LE(lost.last_ns, event.ts_ns);
  }
  const model::ProbeCounters& counters = recorded.ending.counters;
  EXPECT_GT(counters.lost[0], 10'000u);
  EXPECT_EQ(counters.produced[0], recorded_switches + counters.lost[0]);
  EXPECT_EQ(counters.produced[1], recorded_wakeups + counters.lost[1]);
  EXPECT_EQ(told_switches, counters.lost[0]);
  EXPECT_EQ(told_wakeups, counters.lost[1]);

  const analyze::Summary summary = recorded.summary();
  EXPECT_EQ(summary.audit.tasks_differing, 0u)
      << "what was lost must not be taken for a difference";
  EXPECT_LT(summary.audit.tasks_comparable, summary.audit.tasks);
}

TEST(Loss, ABurstOfAMillionEventsLosesNothing) {
  TRIPTYCH_RECORD("pinned_ping_pong", 350'000);
  std::uint64_t lost = 0, produced = 0;
  for (int i = 0; i < static_cast<int>(model::kLossClasses); ++i) {
    lost += recorded.ending.counters.lost[i];
    produced += recorded.ending.counters.produced[i];
  }
  EXPECT_EQ(lost, 0u);
  EXPECT_GE(produced, 1'000'000u);
  EXPECT_EQ(recorded.summary().audit.tasks_differing, 0u);
}

}  // namespace
}  // namespace triptych::test
