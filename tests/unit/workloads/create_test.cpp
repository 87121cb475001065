// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "cells.hpp"

namespace triptych::workloads {
namespace {

class CreateTest : public testing::TestWithParam<Variant> {};

INSTANTIATE_TEST_SUITE_P(All, CreateTest, testing::ValuesIn(variants_of("create")),
                         [](const auto& one) { return test_name(one.param); });

TEST_P(CreateTest, LeavesNoUnitBehind) {
  const auto cell = make_cell("create", GetParam().model, GetParam().name, {});
  ASSERT_TRUE(cell) << cell.error().message;
  for (const std::uint64_t operations : {0u, 1u, 50u}) {
    const Result<void> done = (*cell)->run(operations);
    ASSERT_TRUE(done) << done.error().message;
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_P(CreateTest, CoroutinesAreResumedOnce) {
  const auto cell = make_cell("create", GetParam().model, GetParam().name, {});
  ASSERT_TRUE(cell);
  ASSERT_TRUE((*cell)->run(100));
  EXPECT_EQ((*cell)->coroutine_switches(), GetParam().model == Model::kCoroutine ? 100u : 0u);
}

TEST_P(CreateTest, TheKernelSeesNoCoroutine) {
  if (GetParam().model != Model::kCoroutine) return;
  const auto cell = make_cell("create", GetParam().model, GetParam().name, {});
  ASSERT_TRUE(cell);
  const std::uint64_t before = voluntary_switches();
  ASSERT_TRUE((*cell)->run(10'000));
  EXPECT_EQ(voluntary_switches(), before);
}

TEST_P(CreateTest, TheCreatorHasWhatWasAskedFor) {
  const auto bare = make_cell("create", GetParam().model, GetParam().name, {});
  ASSERT_TRUE(bare);
  const double before = metric(**bare, "parent_resident_bytes");
  const auto cell =
      make_cell("create", GetParam().model, GetParam().name, {"resident=32M", "descriptors=2000"});
  ASSERT_TRUE(cell) << cell.error().message;
  EXPECT_NEAR(metric(**cell, "parent_resident_bytes") - before, 32 << 20, 2 << 20);
  EXPECT_EQ(metric(**cell, "parent_huge_bytes"), 0);
  ASSERT_TRUE((*cell)->run(2));
}

TEST(CreateLimitsTest, RefusesMoreDescriptorsThanTheHardLimit) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const rlimit limit{100, 100};
    ::setrlimit(RLIMIT_NOFILE, &limit);
    const auto cell = make_cell("create", Model::kThread, "default", {"descriptors=2000"});
    const bool named = !cell && cell.error().message.starts_with("RLIMIT_NOFILE (ulimit -Hn) ");
    ::_exit(named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace triptych::workloads
