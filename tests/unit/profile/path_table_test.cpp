// SPDX-License-Identifier: Apache-2.0
#include "profile/path_table.hpp"

#include <gtest/gtest.h>

namespace triptych::profile {
namespace {

constexpr Key task(std::uint64_t serial) {
  return {Subject::kTask, serial};
}
constexpr Key waker(std::uint64_t serial) {
  return {Subject::kOther, serial};
}
constexpr Key kOther{Subject::kWord, static_cast<std::uint64_t>(Word::kOtherPaths)};

TEST(PathTableTest, FindsAgainWhatItHas) {
  PathTable paths;
  std::vector<std::uint32_t> told;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint32_t path = paths.child(PathTable::kRoot, task(i));
    told.push_back(paths.child(path, waker(i % 7)));
  }
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint32_t path = paths.child(PathTable::kRoot, task(i));
    EXPECT_EQ(paths.child(path, waker(i % 7)), told[i]);
    EXPECT_EQ(paths.entries()[told[i]].parent, path);
    EXPECT_EQ(paths.entries()[told[i]].key, waker(i % 7));
  }
  EXPECT_EQ(paths.entries().size(), 2001u);
  EXPECT_FALSE(paths.is_full());
}

TEST(PathTableTest, CountsAsOneWhatIsTooMuch) {
  PathTable paths(4);
  const std::uint32_t first = paths.child(PathTable::kRoot, task(1));
  const std::uint32_t known = paths.child(first, waker(1));
  paths.add(paths.child(known, waker(2)), {1});
  EXPECT_FALSE(paths.is_full());

  const std::uint32_t other = paths.child(first, waker(3));
  EXPECT_TRUE(paths.is_full());
  EXPECT_EQ(paths.entries()[other].key, kOther);
  EXPECT_EQ(paths.child(first, waker(4)), other);
  EXPECT_EQ(paths.child(other, waker(5)), other);  // whatever goes on from there
  EXPECT_EQ(paths.child(first, waker(1)), known);  // what is known stays what it is
  paths.add(other, {10});

  // A task is told apart all the same.
  const std::uint32_t second = paths.child(PathTable::kRoot, task(2));
  EXPECT_EQ(paths.entries()[second].key, task(2));
  EXPECT_EQ(paths.entries()[paths.child(second, waker(1))].key, kOther);

  std::uint64_t sum = 0;
  for (const PathTable::Entry& entry : paths.entries()) sum += entry.self[0];
  EXPECT_EQ(sum, 11u);
}

}  // namespace
}  // namespace triptych::profile
