// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "cells.hpp"

namespace triptych::workloads {
namespace {

class LockTest : public testing::TestWithParam<std::tuple<Variant, const char*, const char*>> {
 protected:
  Result<std::unique_ptr<Cell>> make(unsigned units) const {
    const auto& [variant, lock, contended] = GetParam();
    return make_cell("lock", variant.model, variant.name,
                     {std::string("lock=") + lock, std::string("contended=") + contended,
                      "units=" + std::to_string(units)});
  }
  bool is_spinning_coroutine() const {
    return std::get<0>(GetParam()).model == Model::kCoroutine &&
           std::get<1>(GetParam()) == std::string("spin");
  }
};

std::string name_of_case(const testing::TestParamInfo<LockTest::ParamType>& info) {
  return test_name(std::get<0>(info.param)) + "_" + std::get<1>(info.param) + "_contended_" +
         std::get<2>(info.param);
}

INSTANTIATE_TEST_SUITE_P(All, LockTest,
                         testing::Combine(testing::ValuesIn(variants_of("lock")),
                                          testing::Values("mutex", "spin", "semaphore", "condvar",
                                                          "barrier", "atomic"),
                                          testing::Values("no", "yes")),
                         name_of_case);

// run() itself fails when an entry was lost, so this asks for nothing but that it does not.
TEST_P(LockTest, LosesNoEntry) {
  if (is_spinning_coroutine()) {
    const auto cell = make(2);
    ASSERT_FALSE(cell);
    EXPECT_EQ(cell.error().message, "coroutines of one thread cannot use a spin lock");
    return;
  }
  for (const unsigned units : {1u, 2u}) {
    const auto cell = make(units);
    ASSERT_TRUE(cell) << cell.error().message;
    for (const std::uint64_t operations : {0u, 1u, 1001u}) {
      const Result<void> done = (*cell)->run(operations);
      EXPECT_TRUE(done) << done.error().message;
    }
  }
}

TEST(Lock, OfCoroutinesSwitchesWithoutTheKernel) {
  for (const char* variant : {"stackless", "stackful"}) {
    const auto cell = make_cell("lock", Model::kCoroutine, variant, {"units=2"});
    ASSERT_TRUE(cell) << cell.error().message;
    // Somebody may stop or freeze the test for a moment, which the kernel counts too.
    std::uint64_t fewest = UINT64_MAX;
    for (int attempt = 0; attempt < 5; ++attempt) {
      const std::uint64_t kernel_before = voluntary_switches();
      const std::uint64_t before = (*cell)->coroutine_switches();
      ASSERT_TRUE((*cell)->run(100'000));
      fewest = std::min(fewest, voluntary_switches() - kernel_before);
      // One for each entry, as each holder suspends once, and those to start and to end.
      EXPECT_GE((*cell)->coroutine_switches() - before, 100'000u) << variant;
      EXPECT_LE((*cell)->coroutine_switches() - before, 100'003u) << variant;
    }
    EXPECT_EQ(fewest, 0u) << variant;
  }
}

TEST(Lock, OfCoroutinesUncontendedDoesNotSwitch) {
  const auto cell = make_cell("lock", Model::kCoroutine, "stackless", {"units=2", "contended=no"});
  ASSERT_TRUE(cell) << cell.error().message;
  ASSERT_TRUE((*cell)->run(1000));
  EXPECT_EQ((*cell)->coroutine_switches(), 2u);
}

}  // namespace
}  // namespace triptych::workloads
