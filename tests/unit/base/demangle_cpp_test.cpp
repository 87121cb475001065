// SPDX-License-Identifier: Apache-2.0
#include "base/demangle_cpp.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace triptych {
namespace {

// Each parameter is twice as long as the one before: no reader of names has ever written them all.
std::string doubling(std::string_view parameters) {
  std::string name = "_Z1f1aIiiE";
  for (const char number : parameters) {
    name.append("S_IS").append(1, number).append("_S").append(1, number).append("_E");
  }
  return name;
}

TEST(DemangleCpp, WritesWhatTheSourceHas) {
  EXPECT_EQ(demangle_cpp("_ZN3foo3barEi"), "foo::bar(int)");
  EXPECT_EQ(demangle_cpp("N3foo3barE"), "foo::bar");
  EXPECT_EQ(demangle_cpp(doubling("0")), "f(a<int, int>, a<a<int, int>, a<int, int> >)");
  for (const char* none : {"", "main", "_Z", "_Znot a name", "_RNvC1a1b"}) {
    EXPECT_EQ(demangle_cpp(none), std::nullopt) << none;
  }
}

TEST(DemangleCpp, GivesUpWhatGetsTooLong) {
  const auto longest = demangle_cpp(doubling("0123456"));
  ASSERT_TRUE(longest);
  EXPECT_GT(longest->size(), 4096u);
  EXPECT_LE(longest->size(), 8192u);
  EXPECT_EQ(demangle_cpp(doubling("01234567")), std::nullopt);
  EXPECT_EQ(demangle_cpp(doubling("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")), std::nullopt);
  EXPECT_EQ(demangle_cpp("_Z5000" + std::string(5000, 'a') + "v"), std::nullopt);
  EXPECT_EQ(demangle_cpp("_Z" + std::string(4000, 'P')), std::nullopt);
}

}  // namespace
}  // namespace triptych
