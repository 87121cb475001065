// SPDX-License-Identifier: Apache-2.0
//
// Against this very program, and against what is left of it when it is damaged.
#include "symbol/resolve/elf_symbols.hpp"

#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/elf_builder.hpp"

namespace triptych::symbol::resolve {
namespace {

std::vector<char> own_bytes() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ElfSymbols, EveryFunctionOfThisProgramIsFound) {
  auto symbols = ElfSymbols::open(Image::open("/proc/self/exe"));
  ASSERT_TRUE(symbols);
  EXPECT_FALSE(symbols->function_at(0));
  EXPECT_GT(symbols->functions(), 100u);
  EXPECT_NE(symbols->inode(), 0u);
  EXPECT_FALSE(symbols->address_of(std::uint64_t{1} << 60));
}

TEST(ElfSymbols, AFunctionEndsWhereItsSizeSays) {
  const std::uint64_t at = test::ElfBuilder::kCodeAddress;
  const std::string program =
      test::ElfBuilder().code(std::string(128, '\x90')).function("known", at, 64).build();
  auto symbols = ElfSymbols::open(Image::of(std::as_bytes(std::span(program))));
  ASSERT_TRUE(symbols);
  EXPECT_EQ(symbols->address_of(test::ElfBuilder::kCodeOffset + 3), at + 3);
  EXPECT_FALSE(symbols->address_of(test::ElfBuilder::kCodeOffset + 128));
  EXPECT_FALSE(symbols->function_at(at - 1));
  EXPECT_EQ(symbols->function_at(at + 63)->name, "known");
  EXPECT_EQ(symbols->function_at(at + 63)->offset, 63u);
  EXPECT_FALSE(symbols->function_at(at + 64));
}

// As libc's file of debug information has them.
TEST(ElfSymbols, OfSeveralNamesTheUsualOneIsTaken) {
  constexpr std::uint64_t at = test::ElfBuilder::kCodeAddress;
  const auto name_of = [](const std::vector<std::pair<std::string, unsigned>>& names) {
    const std::string program =
        test::ElfBuilder().code(std::string(128, '\x90')).functions(names, at, 64).build();
    auto symbols = ElfSymbols::open(Image::of(std::as_bytes(std::span(program))));
    return symbols->function_at(at)->name;
  };
  EXPECT_EQ(name_of({{"__clock_gettime_2", STB_LOCAL},
                     {"__GI___clock_gettime", STB_LOCAL},
                     {"clock_gettime@GLIBC_2.2.5", STB_GLOBAL},
                     {"__clock_gettime", STB_GLOBAL}}),
            "clock_gettime");
  EXPECT_EQ(name_of({{"__libc_start_main_alias_2", STB_LOCAL},
                     {"__libc_start_main_impl", STB_LOCAL},
                     {"__libc_start_main@@GLIBC_2.34", STB_GLOBAL}}),
            "__libc_start_main");
  EXPECT_EQ(name_of({{"f_alias", STB_LOCAL}, {"the_function", STB_LOCAL}}), "the_function");
  EXPECT_EQ(name_of({{"same", STB_WEAK}, {"name", STB_GLOBAL}}), "same");
  EXPECT_EQ(name_of({{"@", STB_GLOBAL}}), "@");
}

TEST(ElfSymbols, WhatIsNoProgramIsNone) {
  EXPECT_FALSE(ElfSymbols::open(Image::open("/dev/zero")));
  EXPECT_FALSE(ElfSymbols::open(Image::open("/etc")));
  EXPECT_FALSE(ElfSymbols::open(Image::open("/etc/passwd")));
  EXPECT_FALSE(ElfSymbols::open(Image::open("/no/such/file")));
}

// Below its root, which is ours here: neither a step back nor what leads elsewhere by itself gets
// out.
TEST(ElfSymbols, AFileAsAProcessHasIt) {
  const std::string own = std::filesystem::read_symlink("/proc/self/exe");
  const Image directly = Image::open(own);
  for (const std::string& path : {own, "/../.." + own}) {
    const Image there = Image::open_as_seen_by(::getpid(), path);
    ASSERT_TRUE(there) << path;
    EXPECT_EQ(there.inode(), directly.inode());
  }
  EXPECT_FALSE(Image::open_as_seen_by(::getpid(), "/proc/self/exe"));
  EXPECT_FALSE(Image::open_as_seen_by(::getpid(), "/dev/zero"));
  EXPECT_FALSE(Image::open_as_seen_by(::getpid(), "/no/such/file"));
  EXPECT_FALSE(Image::open_as_seen_by(-1, own));
}

TEST(ElfSymbols, ACutOrLyingFileEndsWithoutNames) {
  std::vector<char> bytes = own_bytes();
  for (std::size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 50) {
    auto symbols = ElfSymbols::open(Image::of(std::as_bytes(std::span(bytes)).first(size)));
    if (symbols) (void)symbols->function_at(0x1000);
  }
  // Each field of the header, as large as it can be.
  for (std::size_t at = EI_NIDENT; at < sizeof(Elf64_Ehdr); at += 2) {
    std::vector<char> lying = bytes;
    std::memset(lying.data() + at, 0xff, 2);
    auto symbols = ElfSymbols::open(Image::of(std::as_bytes(std::span(lying))));
    if (symbols) (void)symbols->function_at(0x1000);
  }
}

}  // namespace
}  // namespace triptych::symbol::resolve
