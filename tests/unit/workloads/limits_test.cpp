// SPDX-License-Identifier: Apache-2.0
#include "workloads/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace triptych::workloads {
namespace {

Limits sample() {
  Limits limits;
  limits.tasks = {{"kernel.pid_max", 30'000}, {"pids.max of the cgroup /box", 100}};
  limits.memory_bytes = {{"the memory available (MemAvailable)", 1ull << 30}};
  limits.mappings = {{"vm.max_map_count", 65'000}};
  limits.descriptors = {{"RLIMIT_NOFILE (ulimit -Hn)", 1000}};
  return limits;
}

std::string refusal(const Needs& needs, const Limits& limits = sample()) {
  const Result<void> checked = check_needs(needs, limits);
  return checked ? "" : checked.error().message;
}

TEST(LimitsTest, AllowsWhatFitsExactly) {
  EXPECT_EQ(refusal({}), "");
  EXPECT_EQ(refusal({100, 1ull << 30, 65'000, 1000}), "");
}

TEST(LimitsTest, NamesTheNarrowestLimit) {
  EXPECT_EQ(refusal({101, 0, 0, 0}),
            "pids.max of the cgroup /box allows 100 more tasks, and this needs 101");
  EXPECT_EQ(refusal({0, 3ull << 30, 0, 0}),
            "the memory available (MemAvailable) allows 1.0 GiB more of memory, and this needs "
            "3.0 GiB");
  EXPECT_EQ(refusal({0, 0, 0, 1}, {{}, {}, {}, {{"RLIMIT_NOFILE (ulimit -Hn)", 0}}}),
            "RLIMIT_NOFILE (ulimit -Hn) allows no more descriptors, and this needs 1");
  EXPECT_EQ(refusal({0, 4096, 0, 0}, {{}, {{"memory.max", 0}}, {}, {}}),
            "memory.max allows no more memory, and this needs 4.0 KiB");
  EXPECT_EQ(refusal({0, 0, 65'001, 0}),
            "vm.max_map_count allows 65,000 more mappings, and this needs 65,001");
  EXPECT_EQ(refusal({0, 0, 0, 1001}),
            "RLIMIT_NOFILE (ulimit -Hn) allows 1,000 more descriptors, and this needs 1,001");
}

TEST(LimitsTest, SaysHowTheLimitIsRaised) {
  const auto hint = [](const Limit& limit) {
    return check_needs({2, 0, 0, 0}, {{limit}, {}, {}, {}}).error().hint;
  };
  EXPECT_EQ(hint({"RLIMIT_NPROC", 1, "ulimit -u NUMBER"}),
            "nothing was started: ask for less, or raise the limit: ulimit -u NUMBER");
  EXPECT_EQ(hint({"the scenario", 1}), "nothing was started: ask for less");
  for (const Limit& limit : read_limits().tasks) EXPECT_FALSE(limit.raise.empty()) << limit.name;
}

TEST(LimitsTest, WhatCannotBeReadDoesNotLimit) {
  EXPECT_TRUE(check_needs({1, 1, 1, 1}, {}));
}

TEST(LimitsTest, ReadsThisMachine) {
  const Limits limits = read_limits();
  std::vector<std::string> names;
  for (const Limit& limit : limits.tasks) {
    names.push_back(limit.name);
    EXPECT_GT(limit.room, 0u) << limit.name;
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "kernel.pid_max"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "kernel.threads-max"), names.end());
  ASSERT_FALSE(limits.memory_bytes.empty());
  EXPECT_GT(limits.memory_bytes[0].room, 1u << 20);
  ASSERT_EQ(limits.mappings.size(), 1u);
  EXPECT_GT(limits.mappings[0].room, 1000u);
  EXPECT_TRUE(require({1, 4096, 1, 1}));
  const Result<void> refused = require({0, ~0ull, 0, 0});
  EXPECT_FALSE(refused);
}

}  // namespace
}  // namespace triptych::workloads
