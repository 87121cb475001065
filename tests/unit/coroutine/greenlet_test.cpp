// SPDX-License-Identifier: Apache-2.0
//
// Where greenlets are probed: in the system's own module, and in what may be left of it.
#include "coroutine/discover/greenlet.hpp"

#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <iterator>
#include <utility>

#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using test::open_elf;

class SystemGreenlet : public testing::Test {
 protected:
  void SetUp() override {
    module_ =
        test::bytes_of_first("/usr/lib/python3/dist-packages/greenlet/_greenlet.cpython-*.so");
    const std::string interpreter = test::system_interpreter();
    if (module_.empty() || interpreter.empty()) GTEST_SKIP() << "no greenlet in /usr";
    const auto file = open_elf(interpreter);
    ASSERT_TRUE(file) << file.error().message;
    const auto found = read_interpreter(*file);
    ASSERT_TRUE(found && *found);
    interpreter_ = **found;
  }

  std::string module_;
  Interpreter interpreter_{};
};

TEST_F(SystemGreenlet, TellsWhereGreenletsAreSwitched) {
  const auto module = open_elf(module_);
  ASSERT_TRUE(module) << module.error().message;
  const auto plan = discover_greenlet(*module, interpreter_);
  ASSERT_TRUE(plan) << plan.error().message;
  const std::pair<std::uint8_t, std::size_t> wanted[] = {
      {TRIPTYCH_COROUTINE_RESUMED, offsetof(pt_regs, rsi)},
      {TRIPTYCH_COROUTINE_CREATED, offsetof(pt_regs, rsi)},
      {TRIPTYCH_COROUTINE_FINISHED, offsetof(pt_regs, rdi)}};
  ASSERT_EQ(plan->places.size(), std::size(wanted));
  for (std::size_t i = 0; i < std::size(wanted); ++i) {
    const probes::Place& place = plan->places[i];
    EXPECT_EQ(place.site.what, wanted[i].first);
    EXPECT_EQ(place.site.id.register_offset, wanted[i].second);
    EXPECT_EQ(place.site.source, TRIPTYCH_COROUTINE_UPROBE);
    EXPECT_EQ(place.site.runtime, TRIPTYCH_COROUTINE_RUNTIME_GREENLET);
    const auto first = static_cast<unsigned char>(module_[place.offset]);
    EXPECT_TRUE(first == 0x41 || (first & 0xf8) == 0x50) << "a push: " << std::hex << +first;
  }
  ASSERT_TRUE(plan->python);
  EXPECT_NE(plan->python->none_slot, 0u);
  EXPECT_NE(plan->python->main_greenlet, 0u);
  EXPECT_NE(plan->python->greenlet_self, 0u);
  EXPECT_EQ(plan->python->greenlet_run, plan->python->greenlet_self + 16);
  EXPECT_NE(plan->python->function_type, 0u);
  EXPECT_NE(plan->python->method_type, 0u);
}

TEST_F(SystemGreenlet, DamagedHurtsNobody) {
  std::size_t planned = 0;
  test::damage(module_, [&](const std::string& bytes) {
    const auto module = open_elf(bytes);
    if (!module) return;
    const auto plan = discover_greenlet(*module, interpreter_);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, bytes.size());
  });
  EXPECT_GT(planned, 100u) << "or it is not the planning that was tried";
}

TEST(Greenlet, AnotherModuleIsRefused) {
  const auto file = open_elf(test::ElfBuilder().build());
  ASSERT_TRUE(file);
  EXPECT_FALSE(discover_greenlet(*file, Interpreter{3, 11, {}}));
}

}  // namespace
}  // namespace triptych::coroutine::discover
