// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/crew.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
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
