// SPDX-License-Identifier: Apache-2.0
#include "html/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "html/assets.hpp"

namespace triptych::html {
namespace {

using testing::HasSubstr;

std::string small_page() {
  Markup page;
  begin_page(page, "<title>", "a \"page\"");
  write_contents(page, {{"first", "First & only"}});
  begin_chapter(page, {"first", "First & only"}, "");
  end_chapter(page);
  end_page(page, "a test");
  return page.take();
}

// That a browser agrees with the hashes is the browser's test to show.
TEST(Page, AllowsItselfItsOwnStyleAndScriptAlone) {
  const std::string page = small_page();
  EXPECT_THAT(page,
              HasSubstr("default-src &#39;none&#39;; style-src &#39;" + std::string(style_hash()) +
                        "&#39;; script-src &#39;" + std::string(script_hash()) + "&#39;;"));
  EXPECT_EQ(style_hash().size(), std::string_view("sha256-").size() + 44);
  EXPECT_EQ(style_hash().back(), '=');
  EXPECT_THAT(page, HasSubstr("<style>" + std::string(style_sheet()) + "</style>"));
  EXPECT_THAT(page, HasSubstr("<script>" + std::string(script()) + "</script>"));
}

TEST(Page, NamesItsChaptersInItsContents) {
  const std::string page = small_page();
  EXPECT_THAT(page, HasSubstr("<title>&lt;title&gt;</title>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#first\">First &amp; only</a>"));
  EXPECT_THAT(page, HasSubstr("<section id=\"first\"><h2>First &amp; only</h2></section>"));
}

// What would end the element that it stands in.
TEST(Page, StyleAndScriptCanStandInTheirElements) {
  EXPECT_EQ(style_sheet().find("</"), std::string_view::npos);
  EXPECT_EQ(style_sheet().find('<'), std::string_view::npos);
  EXPECT_EQ(script().find("</"), std::string_view::npos);
  EXPECT_EQ(script().find("<!--"), std::string_view::npos);
}

}  // namespace
}  // namespace triptych::html
