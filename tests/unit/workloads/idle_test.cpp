// SPDX-License-Identifier: Apache-2.0
#include "workloads/idle/idle.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "cells.hpp"
#include "support/sanitizers.hpp"
#include "workloads/idle/account.hpp"

namespace triptych::workloads::idle {
namespace {

using testing::HasSubstr;

TEST(IdleUnits, AreAsManyAsWereAskedFor) {
  Limits limits;
  limits.tasks = {{"kernel.pid_max", 1128}};
  const auto decision = decide(1000, false, UnitNeeds{1, 0, 0, 10'000}, limits);
  ASSERT_TRUE(decision) << decision.error().message;
  EXPECT_EQ(decision->units, 1000u);
  EXPECT_FALSE(decision->fewer);
  EXPECT_EQ(decision->as_note(), "kernel.pid_max allows 1,000 units");
}

TEST(IdleUnits, AreRefusedByTheNarrowestLimit) {
  Limits limits;
  limits.tasks = {{"kernel.pid_max", 5128}, {"kernel.threads-max", 9000}};
  limits.mappings = {{"vm.max_map_count", 65'530}};
  const auto decision = decide(6000, false, UnitNeeds{1, 0, 2, 10'000}, limits);
  ASSERT_FALSE(decision);
  EXPECT_EQ(decision.error().message,
            "kernel.pid_max allows 5,000 units, and 6,000 were asked for");
  EXPECT_EQ(decision.error().code, ErrorCode::kFailed);
}

TEST(IdleUnits, AreFewerIfThatWillDo) {
  Limits limits;
  limits.mappings = {{"vm.max_map_count", 65'528}};
  const UnitNeeds needs{0, 0, 2, 1'000'000};
  const auto fewer = decide(1'000'000, true, needs, limits);
  ASSERT_TRUE(fewer);
  EXPECT_EQ(fewer->units, 32'700u);
  EXPECT_TRUE(fewer->fewer);
  EXPECT_EQ(decide(100, true, needs, limits)->units, 100u);
  limits.mappings[0].room = 3;
  limits.mappings[0].raise = "as root: sysctl vm.max_map_count=NUMBER";
  const auto none = decide(1, true, needs, limits);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "vm.max_map_count allows no unit, and 1 was asked for");
  EXPECT_EQ(none.error().hint,
            "nothing was started: raise the limit: as root: sysctl vm.max_map_count=NUMBER");
  limits.mappings[0].room = 130;
  const auto one = decide(100, false, needs, limits);
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().message, "vm.max_map_count allows 1 unit, and 100 were asked for");
  EXPECT_EQ(one.error().hint,
            "nothing was started: set too-many=fewer, or raise the limit: as root: sysctl "
            "vm.max_map_count=NUMBER");
}

TEST(IdleUnits, OfProcessesHaveALimitOfTheScenario) {
  const auto cell = make_cell("idle", Model::kProcess, "fork", {"units=10001"});
  ASSERT_FALSE(cell);
  EXPECT_EQ(cell.error().message,
            "the scenario itself allows 10,000 units, and 10,001 were asked for");
}

TEST(IdleUnits, OfStackfulCoroutinesAreLimitedByMappings) {
  std::uint64_t most = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> most;
  if (most > 1'000'000) GTEST_SKIP() << "this machine allows more mappings than are asked for";
  const auto cell = make_cell("idle", Model::kCoroutine, "stackful", {"units=1000000"});
  ASSERT_FALSE(cell);
  EXPECT_THAT(cell.error().message, HasSubstr("vm.max_map_count allows "));
}

TEST(IdleAccount, ReadsTheKernelsFiles) {
  constexpr std::string_view kMeminfo = "MemTotal:  100 kB\nSlab:     30 kB\nSUnreclaim:  7 kB\n";
  EXPECT_EQ(kilobytes(kMeminfo, "MemTotal"), 100u * 1024);
  EXPECT_EQ(kilobytes(kMeminfo, "SUnreclaim"), 7u * 1024);
  EXPECT_EQ(kilobytes(kMeminfo, "Sl"), 0u);
  EXPECT_EQ(kilobytes("", "Slab"), 0u);
  constexpr std::string_view kZoneinfo =
      "Node 0, zone  Normal\n  pages free     5\n        nr_free_pages 5\n  pagesets\n    cpu: 0\n"
      "              count:    12\n              high:     99\n    cpu: 1\n"
      "              count: 3\n              high:  7\n";
  EXPECT_EQ(per_cpu_list_bytes(kZoneinfo), 15u * 4096);
}

Account made_up_account() {
  Account account;
  account.units = 10;
  account.machine_before = {1'000'000, 1000, 2000, 3000};
  account.machine_after = {900'000, 41'000, 22'000, 3100};
  account.own_before = {50'000, 20'000, 10'000};
  account.own_after = {50'000, 20'000, 1000};
  account.disturbance = 40;
  return account;
}

double value_of(const std::vector<Metric>& metrics, std::string_view name) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return metric.value;
  }
  return -1;
}

TEST(IdleAccount, OfProcessesTakesTheirOwnSizeAndTheFamilysPss) {
  Account account = made_up_account();
  account.others.assign(10, {60'000, 15'000, 4900});
  const std::vector<Metric> metrics = metrics_of(account);
  EXPECT_EQ(value_of(metrics, "virtual_bytes_per_unit"), 60'000);
  EXPECT_EQ(value_of(metrics, "rss_bytes_per_unit"), 15'000);
  EXPECT_EQ(value_of(metrics, "pss_bytes_per_unit"), 4000);  // (49,000 + 1000 - 10,000) / 10
  EXPECT_EQ(value_of(metrics, "page_table_bytes_per_unit"), 4000);
  EXPECT_EQ(value_of(metrics, "kernel_stack_bytes_per_unit"), 2000);
  EXPECT_EQ(value_of(metrics, "slab_bytes_per_unit"), 10);
  EXPECT_EQ(value_of(metrics, "sum_bytes_per_unit"), 10'010);
  EXPECT_EQ(value_of(metrics, "available_bytes_per_unit"), 10'000);
  EXPECT_EQ(value_of(metrics, "disturbance_bytes_per_unit"), 4);
}

TEST(IdleAccount, IsQuietUpToAFewPercent) {
  Account account = made_up_account();  // 100,000 bytes less are available
  account.disturbance = 5000;
  EXPECT_TRUE(is_quiet(account));
  account.disturbance = 5001;
  EXPECT_FALSE(is_quiet(account));
  account.machine_after.available = 1'000'001;
  account.disturbance = 1;
  EXPECT_FALSE(is_quiet(account));
}

TEST(IdleAccount, OfOtherUnitsTakesWhatTheyAdd) {
  Account account = made_up_account();
  account.own_after = {150'000, 30'000, 19'000};
  const std::vector<Metric> metrics = metrics_of(account);
  EXPECT_EQ(value_of(metrics, "virtual_bytes_per_unit"), 10'000);
  EXPECT_EQ(value_of(metrics, "rss_bytes_per_unit"), 1000);
  EXPECT_EQ(value_of(metrics, "pss_bytes_per_unit"), 900);
}

std::vector<pid_t> children() {
  std::vector<pid_t> found;
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (pid_t child = 0; file >> child;) found.push_back(child);
  return found;
}

// Read here, and not by the code under test.
double proportional_bytes(const std::string& process) {
  std::ifstream file("/proc/" + process + "/smaps_rollup");
  for (std::string word; file >> word;) {
    if (word != "Pss:") continue;
    double kilobytes = 0;
    file >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

// What the cell says, less what the test reads, for all units together.
double difference_of_pss(unsigned units) {
  const auto cell = make_cell("idle", Model::kProcess, "fork", {"units=" + std::to_string(units)});
  EXPECT_TRUE(cell);
  const double before = proportional_bytes("self");
  EXPECT_TRUE((*cell)->run(1));
  EXPECT_EQ(children().size(), units);
  EXPECT_EQ(metric(**cell, "units"), units);
  double after = proportional_bytes("self");
  for (const pid_t child : children()) after += proportional_bytes(std::to_string(child));
  EXPECT_GT(after - before, units * 4096.0);
  return metric(**cell, "pss_bytes_per_unit") * units - (after - before);
}

// Any other program that begins or ends changes this one's share of their common libraries, so that
// it may take a quiet moment. The parent may touch a few pages of its own between the readings.
TEST(IdleHerd, OfProcessesHasThePssThatSmapsRollupShows) {
  if (test::kAddressSanitizer) return;  // it keeps what was freed: reading alone takes memory
  double difference = 0;
  for (int attempt = 0; attempt < 10; ++attempt) {
    difference = difference_of_pss(50);
    if (std::abs(difference) <= 16 * 4096) break;
  }
  EXPECT_NEAR(difference, 0, 16 * 4096);
}

TEST(IdleHerd, SaysHowManyStackfulCoroutinesThereCouldBe) {
  auto cell = make_cell("idle", Model::kCoroutine, "stackful", {"units=10"});
  ASSERT_TRUE(cell) << cell.error().message;
  const std::vector<std::string> notes = (*cell)->notes();
  if (notes.empty()) GTEST_SKIP() << "something else than mappings is scarcer here";
  EXPECT_THAT(notes[0], HasSubstr("vm.max_map_count allows "));
}

TEST(IdleHerd, IsGoneWithItsCell) {
  for (const Variant& variant : variants_of("idle")) {
    auto cell = make_cell("idle", variant.model, variant.name, {"units=20"});
    ASSERT_TRUE(cell) << cell.error().message;
    ASSERT_TRUE((*cell)->run(0));
    EXPECT_TRUE((*cell)->metrics().empty());
    ASSERT_TRUE((*cell)->run(1));
    cell->reset();
    EXPECT_TRUE(children().empty()) << variant.name;
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    EXPECT_EQ(std::distance(begin(tasks), end(tasks)), 1) << variant.name;
  }
}

}  // namespace
}  // namespace triptych::workloads::idle
