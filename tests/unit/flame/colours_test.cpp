// SPDX-License-Identifier: Apache-2.0
#include "flame/colours.hpp"

#include <gtest/gtest.h>

#include <string>

#include "html/assets.hpp"

namespace triptych::flame {
namespace {

// A page names its style sheet by its hash, so it is made when triptych is built.
TEST(FlameColoursTest, PagesHaveThemInTheirStyleSheet) {
  const std::string sheet(html::style_sheet());
  const std::string colours = page_colour_style();
  ASSERT_GE(sheet.size(), colours.size());
  EXPECT_EQ(sheet.substr(sheet.size() - colours.size()), colours)
      << "html/flame_colours.css is to be what page_colour_style() says";
}

}  // namespace
}  // namespace triptych::flame
