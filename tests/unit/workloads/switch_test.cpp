// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <thread>

#include "cells.hpp"

namespace triptych::workloads {
namespace {

class SwitchTest : public testing::TestWithParam<Variant> {
 protected:
  static Result<std::unique_ptr<Cell>> make(const std::vector<std::string>& settings) {
    return make_cell("switch", GetParam().model, GetParam().name, settings);
  }
};

INSTANTIATE_TEST_SUITE_P(All, SwitchTest, testing::ValuesIn(variants_of("switch")),
                         [](const auto& one) { return test_name(one.param); });

TEST_P(SwitchTest, GoesRoundRingsOfEverySize) {
  for (const char* through : {"through=futex", "through=pipe"}) {
    for (const char* units : {"units=2", "units=3", "units=5", "units=16", "units=64"}) {
      const auto cell = make({units, through, "working-set=4K"});
      ASSERT_TRUE(cell) << cell.error().message;
      for (const std::uint64_t operations : {0u, 1u, 2u, 3u, 100u}) {
        const Result<void> done = (*cell)->run(operations);
        ASSERT_TRUE(done) << done.error().message;
      }
    }
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

// Less what a run of none takes, an operation is two switches.
TEST_P(SwitchTest, CountsTheCoroutinesSwitches) {
  const auto cell = make({"units=4"});
  ASSERT_TRUE(cell);
  std::uint64_t counted = 0;
  const auto run = [&cell, &counted](std::uint64_t operations) {
    EXPECT_TRUE((*cell)->run(operations));
    const std::uint64_t before = std::exchange(counted, (*cell)->coroutine_switches());
    return counted - before;
  };
  run(1);
  const std::uint64_t control = run(0);
  const std::uint64_t an_operation = GetParam().model == Model::kCoroutine ? 2 : 0;
  EXPECT_EQ(run(7) - control, 7 * an_operation);
  EXPECT_EQ(run(1000) - control, 1000 * an_operation);
}

TEST_P(SwitchTest, TheKernelSeesNoCoroutine) {
  if (GetParam().model != Model::kCoroutine) return;
  const auto cell = make({});
  ASSERT_TRUE(cell);
  const std::uint64_t before = voluntary_switches();
  ASSERT_TRUE((*cell)->run(100'000));
  EXPECT_EQ(voluntary_switches(), before);
}

// On one CPU every handover is a switch: of two tasks, there and back, none can be left out.
TEST_P(SwitchTest, TheKernelSwitchesTheOthers) {
  if (GetParam().model == Model::kCoroutine) return;
  const auto cell = make({"placement=same", "through=pipe"});
  ASSERT_TRUE(cell);
  const auto switches = [&cell] {
    const Usage others = (*cell)->usage_of_living_processes();
    rusage own{};
    ::getrusage(RUSAGE_SELF, &own);
    return static_cast<std::uint64_t>(own.ru_nvcsw + own.ru_nivcsw) + others.voluntary_switches +
           others.involuntary_switches;
  };
  const std::uint64_t before = switches();
  ASSERT_TRUE((*cell)->run(1000));
  EXPECT_GE(switches() - before, 2000u);
}

TEST_P(SwitchTest, GivesTheCpusBack) {
  cpu_set_t before;
  cpu_set_t after;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  { ASSERT_TRUE(make({"placement=same"})); }
  ASSERT_EQ(::sched_getaffinity(0, sizeof(after), &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

TEST_P(SwitchTest, PlacesUnitsOnTwoCpus) {
  cpu_set_t allowed;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  const auto cell = make({"placement=two"});
  if (GetParam().model == Model::kCoroutine) {
    ASSERT_FALSE(cell);
    EXPECT_EQ(cell.error().message,
              "placement=two is not possible for coroutines: theirs is one thread");
    return;
  }
  if (CPU_COUNT(&allowed) < 2) {
    ASSERT_FALSE(cell);
    EXPECT_EQ(cell.error().code, ErrorCode::kCapability);
    return;
  }
  ASSERT_TRUE(cell);
  EXPECT_TRUE((*cell)->run(100));
}

// The children of this process, from /proc.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  DIR* directory = ::opendir("/proc");
  while (const dirent* entry = ::readdir(directory)) {
    std::ifstream file(std::string("/proc/") + entry->d_name + "/stat");
    std::string text;
    std::getline(file, text);
    const std::size_t behind_name = text.rfind(')');
    if (behind_name == std::string::npos) continue;
    // ") S 123 …": the state, then the parent.
    if (std::stoi(text.substr(behind_name + 4)) == ::getpid()) {
      found.push_back(static_cast<pid_t>(std::stoi(entry->d_name)));
    }
  }
  ::closedir(directory);
  return found;
}

TEST(SwitchProcessTest, SaysThatAProcessHasDied) {
  for (const char* through : {"through=futex", "through=pipe"}) {
    auto cell = make_cell("switch", Model::kProcess, "fork", {"units=4", through});
    ASSERT_TRUE(cell);
    const std::vector<pid_t> units = children();
    ASSERT_EQ(units.size(), 3u);
    ::kill(units[1], SIGKILL);
    const Result<void> done = (*cell)->run(1'000'000);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "a process of the ring ended before its time");
    EXPECT_EQ((*cell)->usage_of_living_processes().voluntary_switches, 0u);
    cell->reset();
    EXPECT_TRUE(children().empty());
  }
}

// Whoever asks the dead first: the usage is read before a run.
TEST(SwitchProcessTest, SaysItToWhoeverAsksLater) {
  for (const char* through : {"through=futex", "through=pipe"}) {
    const auto cell = make_cell("switch", Model::kProcess, "fork", {"units=4", through});
    ASSERT_TRUE(cell);
    ::kill(children()[2], SIGKILL);
    ::alarm(20);  // to hang would be the failure
    static_cast<void>((*cell)->usage_of_living_processes());
    EXPECT_FALSE((*cell)->run(1));
    ::alarm(0);
  }
}

// Kills this process's first child as soon as there is one.
void kill_first_child() {
  while (true) {
    const std::vector<pid_t> units = children();
    if (units.empty()) continue;
    ::kill(units.front(), SIGKILL);
    return;
  }
}

TEST(SwitchProcessTest, OneThatDiesBeforeTheRingIsClosedDoesNotHang) {
  for (const char* through : {"through=futex", "through=pipe"}) {
    std::thread killer(kill_first_child);
    ::alarm(60);
    const auto cell = make_cell("switch", Model::kProcess, "fork", {"units=256", through});
    ::alarm(0);
    killer.join();
    if (!cell) {
      EXPECT_EQ(cell.error().message, "a process of the ring ended before its time");
    }
    EXPECT_TRUE(cell || children().empty());
  }
}

}  // namespace
}  // namespace triptych::workloads
