// SPDX-License-Identifier: Apache-2.0
//
// Where asyncio is probed: in the system's own Python, and in what may be left of it.
#include "coroutine/discover/asyncio.hpp"

#include <asm/ptrace.h>
#include <fcntl.h>
#include <glob.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "coroutine/discover/code_search.hpp"
#include "coroutine/discover/function_ranges.hpp"
#include "support/elf_builder.hpp"
#include "support/memory_file.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;

std::string only(const char* pattern) {
  glob_t found{};
  std::string path;
  if (::glob(pattern, 0, nullptr, &found) == 0) path = found.gl_pathv[0];
  ::globfree(&found);
  return path;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

Result<ElfFile> open(const std::string& bytes) {
  return ElfFile::open(test::MemoryFile(std::string_view(bytes)).fd());
}

class SystemPython : public testing::Test {
 protected:
  void SetUp() override {
    module_ = bytes_of(only("/usr/lib/python3.1*/lib-dynload/_asyncio.*.so"));
    interpreter_ = bytes_of(only("/usr/bin/python3.1*[0-9]"));
    if (module_.empty() || interpreter_.empty()) GTEST_SKIP() << "no Python in /usr";
  }

  std::string module_, interpreter_;
};

TEST_F(SystemPython, TellsWhereItsTasksAreResumed) {
  const auto file = open(interpreter_);
  ASSERT_TRUE(file) << file.error().message;
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter) << interpreter.error().message;
  ASSERT_TRUE(*interpreter);
  EXPECT_EQ((*interpreter)->major, 3);
  EXPECT_NE((*interpreter)->layout.coroutine_type, 0u);
  EXPECT_NE((*interpreter)->layout.thread_state_how, TRIPTYCH_PYTHON_STATE_UNKNOWN);

  const auto module = open(module_);
  ASSERT_TRUE(module) << module.error().message;
  EXPECT_TRUE(has_asyncio(*module).value());
  EXPECT_FALSE(has_asyncio(*file).value());
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
  const auto file = open(interpreter_);
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter && *interpreter);
  std::size_t planned = 0;
  const auto expect_sane = [&](const std::string& bytes) {
    const auto module = open(bytes);
    if (!module || !has_asyncio(*module)) return;
    const auto plan = discover_asyncio(*module, **interpreter);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, bytes.size());
  };
  std::mt19937 random(1);
  const auto any = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (int i = 0; i < 200; ++i) expect_sane(module_.substr(0, any(module_.size())));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = module_;
    for (int changes = 0; changes < 20; ++changes) {
      damaged[any(2) == 0 ? any(0x4000) : any(damaged.size())] = static_cast<char>(any(256));
    }
    expect_sane(damaged);
  }
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
      open(test::ElfBuilder().code(code).section(".text", SHT_PROGBITS, code, kCode).build());
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
  const auto file = open(test::ElfBuilder().build());
  ASSERT_TRUE(file);
  const auto interpreter = read_interpreter(*file);
  ASSERT_TRUE(interpreter);
  EXPECT_FALSE(*interpreter);
}

}  // namespace
}  // namespace triptych::coroutine::discover
