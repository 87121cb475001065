// SPDX-License-Identifier: Apache-2.0
//
// Where asyncio is probed: in the system's own Python, and in what may be left of it.
#include "coroutine/discover/asyncio.hpp"

#include <asm/ptrace.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "coroutine/discover/code_search.hpp"
#include "coroutine/discover/function_ranges.hpp"
#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;
using test::open_elf;

class SystemPython : public testing::Test {
 protected:
  void SetUp() override {
    module_ = test::bytes_of_first("/usr/lib/python3.1*/lib-dynload/_asyncio.*.so");
    interpreter_ = test::system_interpreter();
    if (module_.empty() || interpreter_.empty()) GTEST_SKIP() << "no Python in /usr";
  }

  std::string module_, interpreter_;
};

TEST_F(SystemPython, TellsWhereItsTasksAreResumed) {
  const auto file = open_elf(interpreter_);
  ASSERT_TRUE(file) << file.error().message;
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter) << interpreter.error().message;
  ASSERT_TRUE(*interpreter);
  EXPECT_EQ((*interpreter)->major, 3);
  EXPECT_NE((*interpreter)->layout.coroutine_type, 0u);
  EXPECT_NE((*interpreter)->layout.thread_state_how, TRIPTYCH_PYTHON_STATE_UNKNOWN);

  const auto module = open_elf(module_);
  ASSERT_TRUE(module) << module.error().message;
  const auto plan = discover_asyncio(*module, **interpreter);
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_GE(plan->places.size(), 3u);
  const probes::Place& mount = plan->places.front();
  EXPECT_EQ(mount.site.what, TRIPTYCH_COROUTINE_RESUMED);
  EXPECT_EQ(mount.site.source, TRIPTYCH_COROUTINE_UPROBE);
  const auto first = static_cast<unsigned char>(module_[mount.offset]);
  EXPECT_TRUE(first == 0x41 || (first & 0xf8) == 0x50) << std::hex << +first;
  for (std::size_t i = 1; i < plan->places.size(); ++i) {
    const probes::Place& place = plan->places[i];
    EXPECT_EQ(place.site.what, TRIPTYCH_COROUTINE_SUSPENDED);
    const auto opcode = static_cast<unsigned char>(module_[place.offset]);
    EXPECT_TRUE(opcode == 0x0f || (opcode & 0xf0) == 0x70) << std::hex << +opcode;
  }
  ASSERT_TRUE(plan->python);
  EXPECT_NE(plan->python->none_slot, 0u);
}

// Whatever byte is another, wherever it is cut: an answer, and no place outside of the file.
TEST_F(SystemPython, DamagedHurtsNobody) {
  const auto file = open_elf(interpreter_);
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter && *interpreter);
  std::size_t planned = 0;
  test::damage(module_, [&](const std::string& bytes) {
    const auto module = open_elf(bytes);
    if (!module) return;
    const auto plan = discover_asyncio(*module, **interpreter);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, bytes.size());
  });
  EXPECT_GT(planned, 100u) << "or it is not the planning that was tried";
}

TEST(FunctionRanges, AreThoseOfTheCompiler) {
  const auto file = ElfFile::open(UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  ASSERT_TRUE(file);
  const auto ranges = FunctionRanges::read(*file);
  ASSERT_TRUE(ranges);
  ASSERT_GT(ranges->all().size(), 100u);
  for (const FunctionRange& each : ranges->all()) {
    EXPECT_LT(each.begin, each.end);
    EXPECT_TRUE(file->code_offset(each.begin)) << std::hex << each.begin;
    EXPECT_EQ(ranges->around(each.begin), each);
    EXPECT_EQ(ranges->around(each.end - 1), each);
  }
  EXPECT_FALSE(ranges->around(0));
  EXPECT_FALSE(ranges->around(~0ull));
}

TEST(CodeSearch, FindsCallsByWhereTheyGo) {
  constexpr std::uint64_t kCode = test::ElfBuilder::kCodeAddress;
  using namespace std::string_literals;
  // nop; call +0 (to the nop behind); nop; jmp to the first nop; ff 15 to a slot
  const std::string code =
      "\x90\xe8\x00\x00\x00\x00\x90\xe9\xf4\xff\xff\xff\xff\x15\x10\x00\x00\x00"s;
  const auto file =
      open_elf(test::ElfBuilder().code(code).section(".text", SHT_PROGBITS, code, kCode).build());
  ASSERT_TRUE(file);
  const auto search = CodeSearch::read(*file);
  ASSERT_TRUE(search);
  EXPECT_EQ(search->calls(kCode + 6), std::vector{kCode + 1});
  EXPECT_EQ(search->jumps(kCode), std::vector{kCode + 7});
  EXPECT_EQ(search->calls_through(kCode + 18 + 16), std::vector{kCode + 12});
  EXPECT_TRUE(search->calls(kCode).empty());
  EXPECT_TRUE(search->stubs(kCode).empty());
  EXPECT_EQ(search->at(kCode + 17, 8).size(), 1u);
  EXPECT_TRUE(search->at(kCode + 18, 8).empty());
  EXPECT_TRUE(search->at(kCode - 1, 8).empty());
}

TEST(Interpreter, OtherProgramsAreNone) {
  const auto file = open_elf(test::ElfBuilder().build());
  ASSERT_TRUE(file);
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter);
  EXPECT_FALSE(*interpreter);
}

}  // namespace
}  // namespace triptych::coroutine::discover
