// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/demangle.hpp"

#include <gtest/gtest.h>

namespace triptych::symbol::resolve {
namespace {

TEST(Demangle, NamesOfCppAndRust) {
  EXPECT_EQ(demangle("_ZN3foo3barEi"), "foo::bar(int)");
  EXPECT_EQ(demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
  EXPECT_EQ(demangle("main"), "main");
  EXPECT_EQ(demangle("_Znot a name"), "_Znot a name");
  EXPECT_EQ(demangle(""), "");
}

TEST(Demangle, WhatOnlyLooksLikeAHashStays) {
  EXPECT_EQ(demangle("_ZN3foo17hello0123456789abE"), "foo::hello0123456789ab");
}

// Each part stands for the two before it: written out it would take more than there is memory.
TEST(Demangle, ANameThatGrowsWithoutEndStaysAsItIs) {
  std::string name = "_Z1fI1aE";
  for (int i = 0; i < 300; ++i) name += "S_T_";
  EXPECT_EQ(demangle(name), name);
  const std::string long_name = "_ZN" + std::string(5000, '3') + "foo3barEv";
  EXPECT_EQ(demangle(long_name), long_name);
}

}  // namespace
}  // namespace triptych::symbol::resolve
