// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/libraries.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "coroutine/reader/program_reader.hpp"
#include "support/temporary_directory.hpp"

namespace triptych::coroutine::reader {
namespace {

std::vector<std::string> libraries_of(const std::string& program) {
  auto reader = ProgramReader::start(nobody());
  if (!reader) return {"no reader"};
  Wanted wanted;
  wanted.needs = true;
  std::vector<std::string> found;
  const auto file = open_program_file(program);
  if (!file) return {};
  const auto about = (*reader)->examine(*file, wanted);
  if (!about) return {about.error().message};
  for_each_library(program, about->needs, "", open_program_file,
                   [&](const ProgramFile& library, const std::string& path) {
                     found.push_back(path);
                     const auto of_library = (*reader)->examine(library, wanted);
                     return of_library ? of_library->needs : discover::Needs();
                   });
  return found;
}

TEST(Libraries, OfAProgramAreThoseThatItNeeds) {
  const std::vector<std::string> libraries = libraries_of("/proc/self/exe");
  const auto ends_with = [&](std::string_view name) {
    return std::count_if(libraries.begin(), libraries.end(),
                         [&](const std::string& each) { return each.ends_with(name); });
  };
  EXPECT_EQ(ends_with("/libc.so.6"), 1);
  EXPECT_EQ(ends_with("/libstdc++.so.6"), 1);
  EXPECT_TRUE(libraries_of("/dev/null").empty());
  EXPECT_TRUE(libraries_of("/nonexistent").empty());
}

TEST(Libraries, AreLookedForWhereTheProgramSays) {
  const test::TemporaryDirectory directory;
  const std::filesystem::path root = directory.path();
  std::filesystem::create_directories(root / "bin");
  std::filesystem::create_directories(root / "lib");
  for (const char* name : {"lib/libone.so", "lib/libtwo.so", "bin/program"}) {
    std::ofstream(root / name) << "not looked into";
  }
  std::filesystem::create_directory(root / "bin" / "libthree.so");
  const std::string program = root / "bin" / "program";
  std::vector<std::string> found;
  for_each_library(program, {{"libone.so", "libthree.so", "libone.so"}, ":$ORIGIN/../lib"},
                   (root / "bin").string(), open_program_file,
                   [&](const ProgramFile& library, const std::string& path) {
                     EXPECT_FALSE(library.may_be_program);
                     found.push_back(std::filesystem::path(path).lexically_normal());
                     return discover::Needs{{"libtwo.so", "libone.so"}, ":${ORIGIN}"};
                   });
  EXPECT_EQ(found,
            (std::vector<std::string>{root / "lib" / "libone.so", root / "lib" / "libtwo.so"}));
}

}  // namespace
}  // namespace triptych::coroutine::reader
