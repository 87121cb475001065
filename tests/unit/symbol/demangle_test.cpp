// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/demangle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

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

// Each parameter is twice as long as the one before.
TEST(Demangle, ANameThatGrowsWithoutEndStaysAsItIs) {
  std::string name = "_Z1f1aIiiE";
  for (const char number : std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    name.append("S_IS").append(1, number).append("_S").append(1, number).append("_E");
  }
  EXPECT_EQ(demangle(name), name);
  const std::string long_name = "_ZN" + std::string(5000, '3') + "foo3barEv";
  EXPECT_EQ(demangle(long_name), long_name);
}

TEST(Demangle, RustsNewerNames) {
  const std::pair<const char*, const char*> names[] = {
      {"_RNvNtCsjrHSEGnQ3l9_3std2rt19lang_start_internal", "std::rt::lang_start_internal"},
      {"_RNCNvNtCsjrHSEGnQ3l9_3std2rt19lang_start_internal0B5_",
       "std::rt::lang_start_internal::{closure#0}"},
      {"_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize, f64>"},
      {"_RNvMCsd_4codeNtB2_3Foo3bar", "<code::Foo>::bar"},
      {"_RNvXCsd_4codeNtB2_3FooNtB2_5Trait3bar", "<code::Foo as code::Trait>::bar"},
      {"_RINvC1a1fRShPFUKCmEuTjEE", "a::f::<&[u8], *const unsafe extern \"C\" fn(u32), (usize,)>"},
      {"_RINvC1a1fAhj10_Kb1_E", "a::f::<[u8; 16], true>"},
  };
  for (const auto& [mangled, plain] : names) {
    EXPECT_EQ(demangle(mangled), plain);
  }
}

TEST(Demangle, NamesThatAreNoneOfRustsStayAsTheyAre) {
  for (const char* name : {"_R", "_RNv", "_RB_", "_RNvB_B_", "_RC99999999999999999999a", "_Rzz",
                           "_RIC1aB_E", "_RNvC1a"}) {
    EXPECT_EQ(demangle(name), name);
  }
}

}  // namespace
}  // namespace triptych::symbol::resolve
