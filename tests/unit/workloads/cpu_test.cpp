// SPDX-License-Identifier: Apache-2.0
#include "workloads/cpu/cpu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "cells.hpp"

namespace triptych::workloads {
namespace {

using testing::HasSubstr;

Result<cpu::Job> prepare(const std::vector<std::string>& settings) {
  TRIPTYCH_TRY_ASSIGN(const Parameters parameters,
                      Parameters::parse(find_scenario("cpu")->parameters, settings));
  return cpu::Job::prepare(parameters);
}

std::uint64_t rounds_of_all(const cpu::Job& job) {
  std::uint64_t sum = 0;
  for (unsigned unit = 0; unit < job.units(); ++unit) sum += job.rounds_of(unit);
  return sum;
}

TEST(CpuTest, DividesTheWorkWithoutRest) {
  const Result<cpu::Job> job = prepare({"units=2", "work=1001"});
  ASSERT_TRUE(job);
  EXPECT_EQ(job->rounds_of(0), 501u);
  EXPECT_EQ(job->rounds_of(1), 500u);
}

TEST(CpuTest, AddsTheExtraShare) {
  EXPECT_EQ(rounds_of_all(*prepare({"units=1", "work=1000000", "extra=5%"})), 1'050'000u);
  EXPECT_EQ(rounds_of_all(*prepare({"units=2", "work=1500001", "extra=10%"})), 1'650'001u);
  EXPECT_EQ(rounds_of_all(*prepare({"units=1", "work=1000000000000", "extra=100%"})),
            2'000'000'000'000u);
}

TEST(CpuTest, ReallyCalculates) {
  EXPECT_EQ(cpu::calculate(0, 7), 7u);
  EXPECT_EQ(cpu::calculate(1, 0), 1442695040888963407u);
  EXPECT_EQ(cpu::calculate(2, 3), cpu::calculate(1, cpu::calculate(1, 3)));
}

TEST(CpuTest, LimitsTheUnitsByTheMachine) {
  const Parameter& units = find_scenario("cpu")->parameters[0];
  ASSERT_EQ(units.key, "units");
  EXPECT_EQ(units.maximum, 2 * units.default_value);
  const auto refused = prepare({"units=" + std::to_string(units.maximum + 1)});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().hint, "units is from 1 to " + std::to_string(units.maximum));
}

class CpuCellTest : public testing::TestWithParam<Variant> {};

INSTANTIATE_TEST_SUITE_P(All, CpuCellTest, testing::ValuesIn(variants_of("cpu")),
                         [](const auto& one) { return test_name(one.param); });

TEST_P(CpuCellTest, AccountsForItsCpuTime) {
  for (const char* units : {"units=1", "units=2"}) {
    const auto cell = make_cell("cpu", GetParam().model, GetParam().name, {units, "work=1000000"});
    ASSERT_TRUE(cell) << cell.error().message;
    for (const std::uint64_t operations : {0u, 1u, 4u}) EXPECT_TRUE((*cell)->run(operations));
    // A round is at least a multiplication, and no machine takes a microsecond for it.
    EXPECT_GT(metric(**cell, "cpu_ns_per_operation"), 200'000);
    EXPECT_LT(metric(**cell, "cpu_ns_per_operation"), 1e9);
    EXPECT_GT(metric(**cell, "units_running"), 0);
    EXPECT_LT(metric(**cell, "units_running"), 2.01);
  }
}

TEST_P(CpuCellTest, SaysWhatOneCpuCannotShow) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++i) {
    if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
  }
  ASSERT_EQ(::sched_setaffinity(0, sizeof(one), &one), 0);
  {
    const auto cell =
        make_cell("cpu", GetParam().model, GetParam().name, {"units=2", "work=100000"});
    ASSERT_TRUE(cell);
    EXPECT_TRUE((*cell)->run(1));
    ASSERT_FALSE((*cell)->notes().empty());
    EXPECT_THAT((*cell)->notes()[0], HasSubstr("cannot be tested"));
    EXPECT_EQ(metric(**cell, "cpus_available"), 1);
    for (const Metric& one_metric : (*cell)->metrics()) EXPECT_NE(one_metric.name, "overlap");
  }
  ::sched_setaffinity(0, sizeof(before), &before);
}

TEST(CpuTest, CoroutinesTakeSixteenTurns) {
  for (const char* variant : {"stackless", "stackful"}) {
    const auto cell = make_cell("cpu", Model::kCoroutine, variant, {"units=2", "work=10000"});
    ASSERT_TRUE(cell);
    ASSERT_TRUE((*cell)->run(1));
    const std::uint64_t one = (*cell)->coroutine_switches();
    ASSERT_TRUE((*cell)->run(10));
    EXPECT_EQ((*cell)->coroutine_switches(), 11 * one);
    EXPECT_GE(one, 2u * 16u);
  }
}

}  // namespace
}  // namespace triptych::workloads
