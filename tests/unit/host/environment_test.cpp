// SPDX-License-Identifier: Apache-2.0
#include "host/environment.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

namespace triptych::host {
namespace {

TEST(ChosenWord, IsTheOneInBrackets) {
  EXPECT_EQ(chosen_word("always [madvise] never"), "madvise");
  EXPECT_EQ(chosen_word("tsc"), "tsc");
  EXPECT_EQ(chosen_word("a] [b"), "a] [b");
  EXPECT_EQ(chosen_word(""), "");
}

TEST(QuietestCpu, IsOneThatWeMayUse) {
  cpu_set_t set;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(set), &set), 0);
  EXPECT_TRUE(CPU_ISSET(quietest_cpu(), &set));
}

TEST(DescribeEnvironment, IsThisMachine) {
  const Environment environment = describe_environment();
  EXPECT_EQ(environment.machine.machine, "x86_64");
  EXPECT_GE(environment.usable_cpus, 1u);
  EXPECT_GT(environment.memory_bytes, std::uint64_t{64} << 20);
  EXPECT_TRUE(environment.aslr == "full" || environment.aslr == "partial" ||
              environment.aslr == "off")
      << environment.aslr;
  EXPECT_GE(environment.load, 0);
}

}  // namespace
}  // namespace triptych::host
