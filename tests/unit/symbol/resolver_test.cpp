// SPDX-License-Identifier: Apache-2.0
//
// A recording of this very process, made by hand.
#include "symbol/resolve/resolver.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "inlined_frames.hpp"
#include "support/temporary_directory.hpp"

namespace triptych::test {
__attribute__((noinline)) int named_for_the_resolver(int value) {
  return value * 3 + 1;
}
}  // namespace triptych::test

namespace triptych::symbol::resolve {
namespace {

using analyze::StackTable;
using model::MmId;

constexpr MmId kSpace{7};
constexpr model::Tid kProcess = 4711;

model::Map own_map() {
  const auto address = reinterpret_cast<std::uint64_t>(&test::named_for_the_resolver);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    model::Map map;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &map.start, &map.end,
                    &map.offset) != 3 ||
        address < map.start || address >= map.end) {
      continue;
    }
    struct stat status {};
    const std::string path = std::filesystem::read_symlink("/proc/self/exe");
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    map.inode = status.st_ino;
    map.tgid = kProcess;
    map.path.assign(path);
    return map;
  }
  ADD_FAILURE() << "this program is not mapped";
  return {};
}

model::Stack stack_of(std::uint32_t id, std::initializer_list<std::uint64_t> frames) {
  model::Stack stack{.id = model::StackId{id}, .mm = kSpace};
  for (const std::uint64_t frame : frames) stack.frame[stack.frames++] = frame;
  return stack;
}

std::uint64_t known_address() {
  return reinterpret_cast<std::uint64_t>(&test::named_for_the_resolver);
}

TEST(Resolver, AFunctionOfTheMappedFile) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  table.code.on_map(100, own_map());
  table.on_stack(stack_of(1, {known_address() + 1, known_address() + 1}));
  const auto number = table.number_of(model::StackId{1}, 200);
  Resolver resolver(table, {});
  const auto& frames = resolver.frames(number);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0]->function, "triptych::test::named_for_the_resolver(int)");
  EXPECT_EQ(frames[0]->offset, 1u);
  EXPECT_EQ(frames[1]->offset, 1u);
  EXPECT_TRUE(resolver.missing().empty());
  // A return address at a function's first byte belongs to the call before it.
  EXPECT_NE(resolver.resolve(kSpace, known_address(), 200, true).function, frames[0]->function);
  EXPECT_EQ(resolver.resolve(kSpace, known_address(), 200, false).function, frames[0]->function);
}

TEST(Resolver, ByTheTimeAndByForks) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map = own_map();
  table.code.on_map(100, map);
  table.code.on_fork(MmId{9}, kSpace, 150);
  model::Map other = map;
  other.path.assign("/no/such/library.so");
  other.inode = 0;
  table.code.on_map(300, other);
  Resolver resolver(table, {});
  const std::string known = "triptych::test::named_for_the_resolver(int)";
  EXPECT_EQ(resolver.resolve(kSpace, known_address(), 99, false).module, "");
  EXPECT_EQ(resolver.resolve(kSpace, known_address(), 299, false).function, known);
  EXPECT_EQ(resolver.resolve(kSpace, known_address(), 300, false).module, "/no/such/library.so");
  EXPECT_EQ(resolver.resolve(MmId{9}, known_address(), 500, false).function, known);
  ASSERT_EQ(resolver.missing().size(), 1u);
  EXPECT_EQ(resolver.missing()[0].reason, "not there, not readable, or no program");
}

TEST(Resolver, TheMappingsOfAnExecWaitForItsRecord) {
  StackTable table;
  table.code.on_use(kProcess, MmId{3});
  model::Map map = own_map();
  map.fresh = true;
  table.code.on_map(100, map);
  Resolver resolver(table, {});
  EXPECT_EQ(resolver.resolve(MmId{3}, known_address(), 200, false).module, "");
  table.code.on_exec(kProcess, kSpace);
  EXPECT_EQ(resolver.resolve(kSpace, known_address(), 200, false).function,
            "triptych::test::named_for_the_resolver(int)");
  EXPECT_EQ(resolver.resolve(MmId{3}, known_address(), 200, false).module, "");
}

TEST(Resolver, AnotherFileOfTheSameNameGivesNoNames) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map = own_map();
  map.build_id_size = 4;
  map.build_id = {1, 2, 3, 4};
  table.code.on_map(100, map);
  Resolver resolver(table, {});
  const Frame frame = resolver.resolve(kSpace, known_address(), 200, false);
  EXPECT_EQ(frame.function, "");
  EXPECT_EQ(frame.module, map.path.view());
  ASSERT_EQ(resolver.missing().size(), 1u);
  EXPECT_EQ(resolver.missing()[0].reason, "not the file that was mapped");
}

TEST(Resolver, CodeThatARuntimeMadeHasTheNamesThatItGaveIt) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory.path() + "/perf-4711.map") << "1000 100 compiled\n";
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map{.start = 0x1000, .end = 0x2000, .tgid = kProcess};
  map.path.assign("//anon");
  table.code.on_map(100, map);
  Resolver resolver(table, {.jit_directory = directory.path()});
  EXPECT_EQ(resolver.resolve(kSpace, 0x1008, 200, false).function, "compiled");
  EXPECT_EQ(resolver.resolve(kSpace, 0x1008, 200, false).kind, FrameKind::kJit);
  EXPECT_EQ(resolver.resolve(kSpace, 0x1800, 200, false).name(), "0x1800");
}

TEST(Resolver, OurNumberOfAProcessOfAnotherNamespaceIsSomebodyElses) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory.path() + "/perf-4711.map") << "1000 100 not its own\n";
  StackTable table;
  table.code.on_number(kProcess, kProcess, 1);
  table.code.on_number(kProcess, kProcess + 1, kProcess + 1);  // of a thread nothing is to be seen
  table.code.on_use(kProcess, kSpace);
  model::Map map{.start = 0x1000, .end = 0x2000, .tgid = kProcess};
  map.path.assign("//anon");
  table.code.on_map(100, map);
  Resolver resolver(table, {.jit_directory = directory.path()});
  EXPECT_EQ(resolver.resolve(kSpace, 0x1008, 200, false).name(), "0x1008");
  table.code.on_number(kProcess, kProcess, kProcess);  // the number is used again
  EXPECT_EQ(resolver.resolve(kSpace, 0x1008, 200, false).name(), "not its own");
}

TEST(Resolver, WhatTheTraceTellsOfMadeCodeComesFirst) {
  const test::TemporaryDirectory directory;
  std::ofstream(directory.path() + "/perf-4711.map") << "1000 100 compiled\n";
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map{.start = 0x1000, .end = 0x2000, .tgid = kProcess};
  map.path.assign("//anon");
  table.code.on_map(100, map);
  model::JitSymbol symbol{.address = 0x1080, .size = 0x20, .tgid = kProcess};
  symbol.name.assign("told");
  table.names.add(symbol);
  symbol.tgid = kProcess + 1;
  symbol.name.assign("of another process");
  table.names.add(symbol);
  Resolver resolver(table, {.jit_directory = directory.path()});
  const Frame told = resolver.resolve(kSpace, 0x10a0, 200, true);
  EXPECT_EQ(told.function, "told");
  EXPECT_EQ(told.kind, FrameKind::kJit);
  EXPECT_EQ(told.offset, 0x20u);
  EXPECT_EQ(resolver.resolve(kSpace, 0x10a0, 200, false).function, "compiled");
}

TEST(Resolver, FramesOfTheKernelAreWhatTheRecordingSays) {
  StackTable table;
  model::KernelSymbol symbol{.symbol = 3};
  symbol.name.assign("do_nanosleep");
  table.on_symbol(symbol);
  model::Stack stack = stack_of(1, {model::KernelFrame{3, 0x20}.coded(), 0});
  stack.kernel = stack.symbols = true;
  stack.mm = model::kNoMm;
  table.on_stack(stack);
  const auto number = table.number_of(model::StackId{1}, 5);
  Resolver resolver(table, {});
  const auto& frames = resolver.frames(number);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0]->name(), "do_nanosleep");
  EXPECT_EQ(frames[0]->kind, FrameKind::kKernel);
  EXPECT_EQ(frames[1]->name(), "[kernel]+0x0");
}

TEST(Resolver, InlinedFunctionsAreFramesOfTheirOwn) {
  const auto address = reinterpret_cast<std::uint64_t>(test::holds_inlined_functions());
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  table.code.on_map(100, own_map());
  table.on_stack(stack_of(1, {known_address(), address}));
  const auto number = table.number_of(model::StackId{1}, 200);
  const auto names = [&](bool inlines) {
    Resolver resolver(table, {.inlines = inlines});
    std::vector<std::string> all;
    for (const Frame* frame : resolver.frames(number)) all.push_back(frame->name());
    return all;
  };
  const std::string leaf = "triptych::test::named_for_the_resolver(int)";
  const std::string outer = "triptych::test::holds_inlined_functions()";
  EXPECT_EQ(names(false), (std::vector{leaf, outer}));
  const auto with = names(true);
  ASSERT_EQ(with.size(), 4u);
  EXPECT_EQ(with[0], leaf);
  EXPECT_NE(with[1].find("innermost_inlined<long"), std::string::npos) << with[1];
  EXPECT_NE(with[2].find("between_inlined"), std::string::npos) << with[2];
  EXPECT_EQ(with[3], outer);
}

// Whatever a file says of itself: no crash, and no end of it.
TEST(Resolver, DamagedDebugInformation) {
  const auto address = reinterpret_cast<std::uint64_t>(test::holds_inlined_functions());
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  std::ifstream file(own, std::ios::binary);
  const std::string intact((std::istreambuf_iterator<char>(file)), {});
  const test::TemporaryDirectory directory;
  const std::string path = directory.path() + "/damaged";
  std::mt19937_64 random(4);
  for (int round = 0; round < 40; ++round) {
    std::string damaged = intact;
    for (int i = 0; i < 300 << round % 8; ++i) {
      damaged[4096 + random() % (damaged.size() - 4096)] = static_cast<char>(random());
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    StackTable table;
    table.code.on_use(kProcess, kSpace);
    model::Map map = own_map();
    map.path.assign(path);
    map.inode = 0;
    table.code.on_map(100, map);
    Resolver resolver(table, {.inlines = true});
    std::vector<Frame> inlined;
    for (std::uint64_t at = address - 200; at < address + 200; at += 8) {
      (void)resolver.resolve(kSpace, at, 200, true, &inlined);
    }
  }
}

TEST(Resolver, NamesThatTheTraceTellsNeedNoFile) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map{.start = 0x10000, .end = 0x20000, .offset = 0x1000, .tgid = kProcess};
  map.build_id_size = 3;
  map.build_id = {1, 2, 3};
  map.path.assign("/no/such/program");
  table.code.on_map(100, map);
  model::FileSymbol symbol{.offset = 0x1100, .size = 0x40, .build_id_size = 3};
  symbol.build_id = {1, 2, 3};
  symbol.name.assign("told()");
  table.names.add(symbol);
  symbol.build_id = {1, 2, 4};
  symbol.name.assign("of another file");
  table.names.add(symbol);
  for (const bool inlines : {false, true}) {
    Resolver resolver(table, {.inlines = inlines});
    std::vector<Frame> inlined;
    const auto name = [&](std::uint64_t address, bool is_return) {
      return resolver.resolve(kSpace, address, 200, is_return, &inlined).name();
    };
    EXPECT_EQ(name(0x10100, false), "told()");
    EXPECT_EQ(name(0x1013f, false), "told()");
    EXPECT_EQ(name(0x10140, true), "told()");
    EXPECT_EQ(resolver.missing().size(), inlines ? 1u : 0u);
    EXPECT_EQ(name(0x10140, false), "program+0x1140");
    EXPECT_EQ(name(0x100ff, false), "program+0x10ff");
    EXPECT_TRUE(inlined.empty());
  }
}

TEST(Resolver, WhatTheTraceTellsIsInlinedNeedsNoFile) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map{.start = 0x10000, .end = 0x20000, .offset = 0x1000, .inode = 7, .tgid = kProcess};
  map.path.assign("/no/such/program");
  table.code.on_map(100, map);
  model::FileSymbol symbol{.offset = 0x1100, .size = 0x40, .inode = 7};
  symbol.name.assign("outer()");
  table.names.add(symbol);
  // 3 is missing: what is deeper belongs nowhere.
  for (const std::uint8_t depth : std::initializer_list<std::uint8_t>{2, 1, 4}) {
    model::FileInlined inlined{.symbol = symbol, .depth = depth};
    inlined.symbol.offset = 0x1110;
    inlined.symbol.size = 1;
    inlined.symbol.name.assign("depth " + std::to_string(depth));
    table.names.add(inlined);
  }
  const auto at = [&table](std::uint64_t address, bool inlines) {
    Resolver resolver(table, {.inlines = inlines});
    std::vector<Frame> frames;
    frames.push_back(resolver.resolve(kSpace, address, 200, true, &frames));
    EXPECT_TRUE(resolver.missing().empty());
    std::vector<std::string> names;
    for (const Frame& frame : frames) names.push_back(frame.name());
    return names;
  };
  EXPECT_EQ(at(0x10111, true), (std::vector<std::string>{"depth 2", "depth 1", "outer()"}));
  EXPECT_EQ(at(0x10111, false), std::vector<std::string>{"outer()"});
  EXPECT_EQ(at(0x10112, true), std::vector<std::string>{"outer()"});
}

TEST(Resolver, CodeInThePlaceOfOtherCodeGivesAStackAnotherNumber) {
  StackTable table;
  table.code.on_use(kProcess, kSpace);
  model::Map map = own_map();
  table.code.on_map(100, map);
  table.on_stack(stack_of(1, {known_address()}));
  const auto before = table.number_of(model::StackId{1}, 200);
  table.code.on_map(250, map);  // the same again changes nothing
  EXPECT_EQ(table.number_of(model::StackId{1}, 260), before);
  map.offset += 0x1000;
  table.code.on_map(300, map);
  const auto after = table.number_of(model::StackId{1}, 400);
  EXPECT_NE(before, after);
  EXPECT_EQ(table.view(before).at_ns, 200u);
  EXPECT_EQ(table.view(after).at_ns, 400u);
}

}  // namespace
}  // namespace triptych::symbol::resolve
