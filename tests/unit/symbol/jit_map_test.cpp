// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/jit_map.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>

#include "support/temporary_directory.hpp"

namespace triptych::symbol::resolve {
namespace {

JitMap parsed(std::string_view text) {
  return JitMap::read(Image::of(std::as_bytes(std::span(text))));
}

TEST(JitMap, TheFunctionThatAnAddressLiesIn) {
  const JitMap map =
      parsed("7f0000 10 first\n0x7f0010 20 a name; with words\nbad line\n7f0030 zz x\n");
  ASSERT_TRUE(map.find(0x7f000f));
  EXPECT_EQ(map.find(0x7f000f)->name, "first");
  EXPECT_EQ(map.find(0x7f000f)->offset, 0xfu);
  EXPECT_EQ(map.find(0x7f0010)->name, "a name; with words");
  EXPECT_FALSE(map.find(0x7f0030));
  EXPECT_FALSE(map.find(0x7effff));
}

TEST(JitMap, ALaterLineTakesThePlaceOfAnEarlierOne) {
  const JitMap map = parsed("1000 10 old\n1000 10 new\n");
  EXPECT_EQ(map.find(0x1001)->name, "new");
}

TEST(JitMap, LinksPipesAndWhatOthersOwnAreNotThere) {
  const test::TemporaryDirectory directory;
  const std::string place = directory.path() + "/perf-7.map";
  std::ofstream(directory.path() + "/elsewhere") << "1000 10 secret\n";
  std::filesystem::create_symlink(directory.path() + "/elsewhere", place);
  EXPECT_FALSE(JitMap::of_process(7, directory.path()).find(0x1000));
  std::filesystem::remove(place);
  ASSERT_EQ(::mkfifo(place.c_str(), 0600), 0);
  EXPECT_FALSE(JitMap::of_process(7, directory.path()).find(0x1000));  // and it did not wait
  std::filesystem::remove(place);
  std::ofstream(place) << "1000 10 own\n";
  EXPECT_TRUE(JitMap::of_process(7, directory.path()).find(0x1000));
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  ::unsetenv("SUDO_UID");
  ASSERT_EQ(::chown(place.c_str(), 65534, 65534), 0);
  EXPECT_FALSE(JitMap::of_process(7, directory.path()).find(0x1000));
}

}  // namespace
}  // namespace triptych::symbol::resolve
