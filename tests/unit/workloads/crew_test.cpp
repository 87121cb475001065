// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/crew.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <memory>

#include "workloads/memory.hpp"

namespace triptych::workloads {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CrewTest : public testing::TestWithParam<Model> {
 protected:
  // Numbers that units of either model write and the test reads.
  std::shared_ptr<Mapping> shared_ = std::make_shared<Mapping>(Mapping::shared(4096).value());

  static std::uint64_t& cell(const Mapping& memory, unsigned unit) {
    return static_cast<std::uint64_t*>(static_cast<void*>(memory.data()))[unit];
  }
  std::vector<std::uint64_t> cells(unsigned count) const {
    std::vector<std::uint64_t> values;
    for (unsigned unit = 0; unit < count; ++unit) values.push_back(cell(*shared_, unit));
    return values;
  }
};

INSTANTIATE_TEST_SUITE_P(Models, CrewTest, testing::Values(Model::kProcess, Model::kThread));

TEST_P(CrewTest, DividesAndRepeats) {
  const auto crew = Crew::start(GetParam(), 3, [memory = shared_](unsigned unit, std::uint64_t n) {
    cell(*memory, unit) += n;
    return 0;
  });
  ASSERT_TRUE(crew) << crew.error().message;
  ASSERT_TRUE((*crew)->run_divided(8));
  EXPECT_THAT(cells(3), ElementsAre(3, 3, 2));
  ASSERT_TRUE((*crew)->run_each(10));
  EXPECT_THAT(cells(3), ElementsAre(13, 13, 12));
  ASSERT_TRUE((*crew)->run_divided(0));
  EXPECT_THAT(cells(3), ElementsAre(13, 13, 12));
}

TEST_P(CrewTest, CountsTheUnitsSwitches) {
  const auto crew = Crew::start(GetParam(), 2, [](unsigned, std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) ::usleep(1000);
    return 0;
  });
  ASSERT_TRUE(crew) << crew.error().message;
  ASSERT_TRUE((*crew)->run_each(5));
  EXPECT_EQ((*crew)->usage().voluntary_switches, 10u);
  EXPECT_EQ((*crew)->usage_of_processes().voluntary_switches,
            GetParam() == Model::kProcess ? 10u : 0u);
}

std::uint64_t now_ns(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// Each run is far shorter than a tick of any kernel, so the ticks see next to none of it. Reading a
// thread's clock brings the kernel's account of it up to date: done at the beginning of a run, it
// tells what the runs before took, and leaves the one that follows alone.
TEST_P(CrewTest, CountsProcessorTimeShorterThanATick) {
  constexpr std::uint64_t kWorkNs = 300'000;
  const auto crew = Crew::start(GetParam(), 1, [memory = shared_](unsigned, std::uint64_t run) {
    cell(*memory, run == 1 ? 0 : 1) = now_ns(CLOCK_THREAD_CPUTIME_ID);
    const std::uint64_t start = now_ns(CLOCK_MONOTONIC);
    while (now_ns(CLOCK_MONOTONIC) - start < kWorkNs) {
    }
    return 0;
  });
  ASSERT_TRUE(crew) << crew.error().message;
  for (std::uint64_t run = 1; run <= 20; ++run) ASSERT_TRUE((*crew)->run_each(run));
  const Usage usage = (*crew)->usage();
  const auto counted = static_cast<double>(usage.user_ns + usage.system_ns);
  // Of all runs but the last, and waking and going to sleep in between.
  const auto taken = static_cast<double>(cells(2)[1] - cells(2)[0]);
  EXPECT_GE(counted, 0.7 * taken);
  EXPECT_LE(counted, 1.5 * taken);
}

TEST_P(CrewTest, FailsWithAUnit) {
  const auto crew = Crew::start(
      GetParam(), 2, [](unsigned unit, std::uint64_t) { return unit == 1 ? ENOSPC : 0; });
  ASSERT_TRUE(crew) << crew.error().message;
  const Result<void> done = (*crew)->run_each(1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "a unit could not do its work: No space left on device");
}

TEST(Crew, NoticesThatAProcessEnded) {
  const auto crew = Crew::start(Model::kProcess, 2, [](unsigned unit, std::uint64_t) {
    if (unit == 0) ::kill(::getpid(), SIGKILL);
    ::pause();
    return 0;
  });
  ASSERT_TRUE(crew) << crew.error().message;
  const Result<void> done = (*crew)->run_each(1);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("ended before its work was done"));
}

}  // namespace
}  // namespace triptych::workloads
