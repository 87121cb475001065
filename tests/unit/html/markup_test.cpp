// SPDX-License-Identifier: Apache-2.0
#include "html/markup.hpp"

#include <gtest/gtest.h>

#include "html/chart.hpp"

namespace triptych::html {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

TEST(Markup, ClosesWhatItOpensInOrder) {
  Markup page;
  page.open("ul", {{"class", "a"}});
  page.open("li");
  page.text("one");
  page.close();
  page.leaf("li", "two", {{"id", "x"}});
  page.single("rect", {{"x", "1"}});
  page.close();
  EXPECT_EQ(page.take(),
            "<ul class=\"a\"><li>one</li>\n<li id=\"x\">two</li><rect x=\"1\"/></ul>\n");
}

TEST(Markup, NoTextAndNoValueBecomesMarkup) {
  Markup page;
  page.leaf("b", "</b><script>&\"'", {{"title", "\"><i onclick='x'>&lt;"}});
  EXPECT_EQ(page.take(),
            "<b title=\"&quot;&gt;&lt;i onclick=&#39;x&#39;&gt;&amp;lt;\">"
            "&lt;/b&gt;&lt;script&gt;&amp;&quot;&#39;</b>");
}

TEST(Markup, EveryByteBecomesTextThatXmlAllows) {
  EXPECT_EQ(escaped("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(escaped(std::string_view("\0\x1b\x7f", 3)), "\\x00\\x1b\\x7f");
  EXPECT_EQ(escaped("\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80"),
            "\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80");
  EXPECT_EQ(escaped("x\xff<\xc3"), "x\\xff&lt;\\xc3");
  EXPECT_EQ(escaped("\xc0\xbc\xe2\x80\xae"), "\\xc0\\xbc\\xe2\\x80\\xae");
  EXPECT_EQ(escaped("a\xef\xbf\xbf\xef\xbf\xbe-"), "a\xef\xbf\xbd\xef\xbf\xbd-");
}

TEST(MarkupDeathTest, ChecksThatAllIsClosed) {
  Markup page;
  page.open("p");
  EXPECT_DEATH((void)page.take(), "");
  page.close();
  EXPECT_DEATH(page.close(), "");
}

TEST(Chart, CoordinatesAreAsShortAsTheyCanBe) {
  EXPECT_EQ(coordinate(0), "0");
  EXPECT_EQ(coordinate(100), "100");
  EXPECT_EQ(coordinate(12.5), "12.5");
  EXPECT_EQ(coordinate(1.0 / 3), "0.333");
}

TEST(Chart, AStackSharesTheWholeWidth) {
  Markup page;
  write_stack(page, {{"running", 0.25}, {"blocked", 0}, {"unknown", 0.75}}, "a < b");
  EXPECT_EQ(page.take(),
            "<svg class=\"stack\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
            "role=\"img\"><title>a &lt; b</title>"
            "<rect class=\"running\" x=\"0\" width=\"250\" height=\"10\"/>"
            "<rect class=\"unknown\" x=\"250\" width=\"750\" height=\"10\"/></svg>\n");
}

}  // namespace
}  // namespace triptych::html
