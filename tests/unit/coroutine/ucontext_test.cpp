// SPDX-License-Identifier: Apache-2.0
//
// Where libc's contexts are switched: by our own program, and in the system's libc.
#include "coroutine/discover/ucontext.hpp"

#include <gtest/gtest.h>
#include <ucontext.h>

#include <algorithm>
#include <map>
#include <string>

#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using test::open_elf;

ucontext_t home, away;
int visits = 0;

void visit() {
  ++visits;
}

TEST(Ucontext, TellsWhereThisProgramSwitches) {
  static char stack[65536];
  ASSERT_EQ(::getcontext(&away), 0);
  away.uc_stack.ss_sp = stack;
  away.uc_stack.ss_size = sizeof stack;
  away.uc_link = &home;
  ::makecontext(&away, visit, 0);
  ASSERT_EQ(::swapcontext(&home, &away), 0);
  ASSERT_EQ(visits, 1);

  const std::string bytes = test::bytes_of_first("/proc/self/exe");
  const auto plan = discover_ucontext(*open_elf(bytes));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_FALSE(plan->only_serves);
  std::map<int, int> kinds;
  for (const probes::Place& place : plan->places) {
    ++kinds[place.site.kind];
    EXPECT_EQ(static_cast<unsigned char>(bytes[place.offset]), 0xe8) << "a call";
  }
  for (const probes::Place& place : plan->dear) ++kinds[place.site.kind];
  EXPECT_EQ(kinds, (std::map<int, int>{{TRIPTYCH_UCONTEXT_MAKE, 1}, {TRIPTYCH_UCONTEXT_SWAP, 1}}));
  const auto named = std::count_if(
      plan->entries.begin(), plan->entries.end(),
      [](const Function& each) { return each.name.find("visit()") != std::string::npos; });
  EXPECT_EQ(named, 1) << "what contexts are made with has its address taken";
}

class Libc : public testing::Test {
 protected:
  void SetUp() override {
    bytes_ = test::bytes_of_first("/lib/x86_64-linux-gnu/libc.so.6");
    if (bytes_.empty()) GTEST_SKIP() << "no libc where Debian has it";
  }
  std::string bytes_;
};

TEST_F(Libc, TellsWhereAContextEnds) {
  const auto plan = discover_ucontext(*open_elf(bytes_));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->only_serves);
  EXPECT_EQ(plan->not_known, "");
  ASSERT_EQ(plan->places.size(), 1u);
  const probes::Place& place = plan->places.front();
  EXPECT_EQ(place.site.kind, TRIPTYCH_UCONTEXT_SET);
  EXPECT_EQ(place.site.is_call, 0);
  EXPECT_EQ(bytes_[place.offset] & 0xf8, 0x50) << "a push";
  EXPECT_NE(place.site.second.value, 0);
}

TEST_F(Libc, DamagedHurtsNobody) {
  std::size_t planned = 0;
  int tried = 0;
  test::damage(bytes_, [&](const std::string& damaged) {
    if (++tried % 80 != 0) return;  // it is large
    const auto file = open_elf(damaged);
    if (!file) return;
    const auto plan = discover_ucontext(*file);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, damaged.size());
  });
  EXPECT_GT(planned, 10u) << "or it is not the planning that was tried";
}

}  // namespace
}  // namespace triptych::coroutine::discover
