// SPDX-License-Identifier: Apache-2.0
//
// Where Trio's tasks are probed: in the system's own Python, and in what may be left of it.
#include "coroutine/discover/trio.hpp"

#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using test::open_elf;

class InterpreterOfTrio : public testing::Test {
 protected:
  void SetUp() override {
    bytes_ = test::system_interpreter();
    if (bytes_.empty()) GTEST_SKIP() << "no Python in /usr";
    const auto file = open_elf(bytes_);
    ASSERT_TRUE(file) << file.error().message;
    const auto found = read_interpreter(*file);
    ASSERT_TRUE(found) << found.error().message;
    if (!*found) GTEST_SKIP() << "it is in a library";
    interpreter_ = **found;
  }

  std::string bytes_;
  Interpreter interpreter_{};
};

TEST_F(InterpreterOfTrio, TellsWhereItRunsWhatOneCalls) {
  const auto file = open_elf(bytes_);
  const auto plan = discover_trio(*file, interpreter_);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->places.size(), 2u);
  const probes::Place &mount = plan->places[0], &unmount = plan->places[1];
  EXPECT_EQ(mount.site.what, TRIPTYCH_COROUTINE_RESUMED);
  EXPECT_EQ(mount.site.id.register_offset, offsetof(pt_regs, rsi));
  EXPECT_EQ(unmount.site.what, TRIPTYCH_COROUTINE_SUSPENDED);
  EXPECT_GT(unmount.offset, mount.offset);
  EXPECT_LT(unmount.offset, mount.offset + 1024);
  for (const probes::Place& place : plan->places) {
    EXPECT_EQ(place.site.source, TRIPTYCH_COROUTINE_UPROBE);
    EXPECT_EQ(place.site.runtime, TRIPTYCH_COROUTINE_RUNTIME_TRIO);
  }
  const auto first = static_cast<unsigned char>(bytes_[mount.offset]);
  EXPECT_TRUE(first == 0x41 || (first & 0xf8) == 0x50) << "a push: " << std::hex << +first;
  const auto behind = static_cast<unsigned char>(bytes_[unmount.offset]);
  EXPECT_EQ(behind, 0xe8) << "a call: " << std::hex << +behind;

  ASSERT_TRUE(plan->python);
  EXPECT_EQ(plan->python->none_slot, 0u) << "it is the interpreter itself";
  EXPECT_NE(plan->python->compiled_type, 0u);
  // In the table of a coroutine's methods, in this order.
  EXPECT_NE(plan->python->coroutine_send, 0u);
  EXPECT_EQ(plan->python->coroutine_throw, plan->python->coroutine_send + 32);
}

TEST_F(InterpreterOfTrio, DamagedHurtsNobody) {
  std::size_t planned = 0;
  int tried = 0;
  test::damage(bytes_, [&](const std::string& bytes) {
    if (++tried % 20 != 0) return;  // it is large
    const auto file = open_elf(bytes);
    if (!file) return;
    const auto plan = discover_trio(*file, interpreter_);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, bytes.size());
  });
  EXPECT_GT(planned, 10u) << "or it is not the planning that was tried";
}

TEST(Trio, AnotherProgramIsRefused) {
  const auto file = open_elf(test::ElfBuilder().build());
  ASSERT_TRUE(file);
  EXPECT_FALSE(discover_trio(*file, Interpreter{3, 11, {}}));
}

}  // namespace
}  // namespace triptych::coroutine::discover
