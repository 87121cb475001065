// SPDX-License-Identifier: Apache-2.0
//
// The stack of this very thread, copied by hand, and what becomes of it when files and stacks are
// not what they should be.
#include "symbol/resolve/stack_unwinder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "omitted_frames.h"
#include "support/temporary_directory.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::symbol::resolve {
namespace {

using analyze::CopiedStack;
using analyze::StackEnd;
using analyze::StackTable;
using analyze::Unwound;
using model::MmId;

constexpr MmId kCopied{7};
constexpr model::Tid kCopiedPid = 4711;
constexpr std::size_t kMostPieces = 64;

void copy_memory(CopiedStack& stack, std::uint64_t from) {
  std::uint64_t at = from & ~std::uint64_t{model::kStackPiece - 1};
  for (std::size_t i = 0; i < kMostPieces; ++i, at += model::kStackPiece) {
    std::array<std::uint8_t, model::kStackPiece> bytes{};
    const iovec to{bytes.data(), bytes.size()};
    const iovec source{reinterpret_cast<void*>(at), bytes.size()};
    if (::process_vm_readv(::getpid(), &to, 1, &source, 1, 0) !=
        static_cast<ssize_t>(bytes.size())) {
      stack.unreadable = true;
      return;
    }
    stack.pieces.emplace(at, bytes);
  }
}

// Called at the end of the chain.
void take_stack(void* argument) {
  CopiedStack& stack = *static_cast<CopiedStack*>(argument);
  ucontext_t context;
  ::getcontext(&context);
  // The kernel's order, by DWARF's numbers.
  constexpr int kOrder[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                            REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                            REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (std::size_t i = 0; i < std::size(kOrder); ++i) {
    stack.registers[i] = static_cast<std::uint64_t>(context.uc_mcontext.gregs[kOrder[i]]);
  }
  stack.mm = kCopied;
  stack.at_ns = 1000;
  copy_memory(stack, stack.registers[7]);
}

// What this process has mapped; `instead` is the path that this program's file gets.
void add_own_maps(analyze::CodeSpaces& code, const std::string& instead = {}) {
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  code.on_use(kCopiedPid, kCopied);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    model::Map map{.tgid = kCopiedPid, .there = true};
    char rights[5] = {}, path[512] = {};
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %511s",
                    &map.start, &map.end, rights, &map.offset, &map.inode, path) < 5 ||
        rights[2] != 'x') {
      continue;
    }
    const bool replaced = !instead.empty() && own == path;
    map.path.assign(replaced ? instead : std::string(path));
    if (replaced) map.inode = 0;
    code.on_map(1, map);
  }
}

std::string kernel() {
  utsname names{};
  ::uname(&names);
  return names.release;
}

std::vector<std::string> names_of(const Unwound& unwound) {
  StackTable table;
  add_own_maps(table.code);
  Resolver resolver(table, {.kernel = kernel()});
  std::vector<std::string> names;
  for (std::size_t i = 0; i < unwound.frames.size(); ++i) {
    names.push_back(resolver.resolve(kCopied, unwound.frames[i], 1000, i != 0).function);
  }
  return names;
}

bool has_chain(const std::vector<std::string>& names) {
  const std::string chain[] = {"omitted_inner", "omitted_middle", "omitted_outer"};
  return std::search(names.begin(), names.end(), std::begin(chain), std::end(chain)) != names.end();
}

CopiedStack own_stack() {
  CopiedStack stack;
  omitted_outer(take_stack, &stack);
  return stack;
}

Unwound unwound(const CopiedStack& stack) {
  analyze::CodeSpaces code;
  add_own_maps(code);
  StackUnwinder unwinder(kernel());
  return unwinder.unwind(stack, code);
}

TEST(StackUnwinder, FunctionsWithoutFramePointerUpToTheFirstOne) {
  const CopiedStack stack = own_stack();
  const Unwound result = unwound(stack);
  const std::vector<std::string> names = names_of(result);
  EXPECT_TRUE(has_chain(names)) << ::testing::PrintToString(names);
  EXPECT_EQ(result.end, StackEnd::kFirstFunction);
  EXPECT_EQ(result.frames.front(), stack.registers[16]);
  EXPECT_TRUE(std::count(names.begin(), names.end(), "main"));
}

TEST(StackUnwinder, AThreadBeginsInClone) {
  CopiedStack stack;
  std::thread([&stack] { omitted_outer(take_stack, &stack); }).join();
  const Unwound result = unwound(stack);
  EXPECT_TRUE(has_chain(names_of(result)));
  EXPECT_EQ(result.end, StackEnd::kFirstFunction);
}

TEST(StackUnwinder, ACopyThatEndsGivesWhatItHas) {
  const CopiedStack whole = own_stack();
  const Unwound all = unwound(whole);
  for (std::size_t pieces = 0; pieces < 4; ++pieces) {
    CopiedStack stack = whole;
    stack.pieces.erase(std::next(stack.pieces.begin(), static_cast<std::ptrdiff_t>(pieces)),
                       stack.pieces.end());
    stack.unreadable = false;
    const Unwound some = unwound(stack);
    ASSERT_LE(some.frames.size(), all.frames.size());
    EXPECT_TRUE(std::equal(some.frames.begin(), some.frames.end(), all.frames.begin()));
    if (some.frames.size() == all.frames.size()) continue;
    EXPECT_EQ(some.end, pieces == 0 ? StackEnd::kUnreadable : StackEnd::kCopyEnds);
    stack.unreadable = true;
    EXPECT_EQ(unwound(stack).end, StackEnd::kUnreadable);
  }
}

TEST(StackUnwinder, AStackPointerToNowhere) {
  CopiedStack stack = own_stack();
  for (const std::uint64_t address : {0ull, 8ull, 0x10000000000ull, ~0ull, ~0ull - 15}) {
    stack.registers[7] = address;
    stack.registers[6] = address;
    const Unwound result = unwound(stack);
    EXPECT_LE(result.frames.size(), 2u);
    EXPECT_NE(result.end, StackEnd::kFirstFunction);
  }
  stack.registers[16] = 0x1234;
  EXPECT_EQ(unwound(stack).frames, std::vector<std::uint64_t>{0x1234});
  EXPECT_EQ(unwound(stack).end, StackEnd::kNoCode);
}

TEST(StackUnwinder, MemoryFullOfAnything) {
  const CopiedStack whole = own_stack();
  analyze::CodeSpaces code;
  add_own_maps(code);
  StackUnwinder unwinder(kernel());
  std::mt19937_64 random(4711);
  for (int i = 0; i < 2000; ++i) {
    CopiedStack stack = whole;
    for (auto& [address, bytes] : stack.pieces) {
      for (std::size_t at = 0; at < bytes.size(); at += 8) {
        // Also what looks like frames and code.
        std::uint64_t word = random();
        if (word % 4 == 0) word = whole.registers[16] + word % 4096;
        if (word % 4 == 1) word = address + word % 8192;
        std::memcpy(bytes.data() + at, &word, sizeof word);
      }
    }
    EXPECT_LE(unwinder.unwind(stack, code).frames.size(), model::kMaxFrames);
  }
}

TEST(StackUnwinder, DamagedFiles) {
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream file(own, std::ios::binary);
  const std::string intact((std::istreambuf_iterator<char>(file)), {});
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/damaged";
  const CopiedStack stack = own_stack();
  std::mt19937_64 random(42);
  std::map<StackEnd, int> ends;
  for (int round = 0; round < 60; ++round) {
    std::string damaged = intact;
    // The headers, or something anywhere: .eh_frame is a good part of a program.
    const std::size_t within = round % 3 == 0 ? std::size_t{64} : damaged.size();
    for (int i = 0; i < (round % 3 == 0 ? 4 : 20'000); ++i) {
      damaged[random() % within] = static_cast<char>(random());
    }
    if (round % 5 == 0) damaged.resize(random() % damaged.size());
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    analyze::CodeSpaces code;
    add_own_maps(code, path);
    StackUnwinder unwinder(kernel());
    const Unwound result = unwinder.unwind(stack, code);
    ASSERT_FALSE(result.frames.empty());
    ++ends[result.end];
  }
  EXPECT_GE(ends.size(), 2u);
}

TEST(StackUnwinder, WithoutTheFileThereAreNoRules) {
  analyze::CodeSpaces code;
  add_own_maps(code, "/no/such/program");
  StackUnwinder unwinder(kernel());
  CopiedStack stack = own_stack();
  stack.registers[16] = reinterpret_cast<std::uint64_t>(&omitted_outer);
  stack.registers[6] = 0;
  const Unwound result = unwinder.unwind(stack, code);
  EXPECT_EQ(result.frames.size(), 1u);
  EXPECT_EQ(result.end, StackEnd::kNoRules);
}

// What a runtime makes mostly keeps the frame pointer.
TEST(StackUnwinder, CodeWithoutRulesIsUnwoundByTheFramePointer) {
  analyze::CodeSpaces code;
  code.on_use(kCopiedPid, kCopied);
  model::Map map{.start = 0x1000, .end = 0x2000, .tgid = kCopiedPid};
  map.path.assign("//anon");
  code.on_map(1, map);
  CopiedStack stack{.mm = kCopied, .at_ns = 5};
  constexpr std::uint64_t kBottom = 0x7f0000000000;
  std::array<std::uint64_t, model::kStackPiece / 8> words{};
  words[2] = kBottom + 64;
  words[3] = 0x1100;
  words[8] = 0;
  words[9] = 0x5000;  // no code
  auto& bytes = stack.pieces[kBottom];
  std::memcpy(bytes.data(), words.data(), bytes.size());
  stack.registers[6] = kBottom + 16;
  stack.registers[7] = kBottom + 8;
  stack.registers[16] = 0x1010;
  StackUnwinder unwinder("");
  const Unwound result = unwinder.unwind(stack, code);
  EXPECT_EQ(result.frames, (std::vector<std::uint64_t>{0x1010, 0x1100}));
  EXPECT_EQ(result.end, StackEnd::kNoRules);
}

}  // namespace
}  // namespace triptych::symbol::resolve
