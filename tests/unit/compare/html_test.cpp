// SPDX-License-Identifier: Apache-2.0
#include "compare/html.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "compare/figures.hpp"
#include "sample.hpp"

namespace triptych::compare {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CompareHtml, HasTheFiguresOfEachCell) {
  Document document = test::create_document();
  decide(document);
  const std::string page = write_html(document);
  EXPECT_THAT(page, HasSubstr("<data value=\"412000\">412 us</data>"));
  EXPECT_THAT(page, HasSubstr("<data value=\"16000\">16.0 us</data>"));
  EXPECT_THAT(page, HasSubstr("<data value=\"13\">13.0 ns</data>"));
  EXPECT_THAT(page, HasSubstr("process fork, pinned: 412 us, 95 % interval of the median 411 us "
                              "to 413 us"));
  EXPECT_THAT(page, HasSubstr("triptych compare create</pre>"));
  EXPECT_THAT(page, HasSubstr("2,000 resamples, seed 7"));
}

// 13 ns, 16 us and 412 us lie in seven decades, from 10 ns to 1 ms: five of them.
TEST(CompareHtml, PlacesPointsByTheLogarithm) {
  const std::string page = write_html(test::create_document());
  const std::regex circle("<circle class=\"(\\w+)\" cx=\"([0-9.]+)%\"");
  std::vector<std::pair<std::string, double>> points;
  for (std::sregex_iterator it(page.begin(), page.end(), circle), end; it != end; ++it) {
    points.emplace_back((*it)[1], std::stod((*it)[2]));
  }
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[0].first, "process");
  EXPECT_NEAR(points[0].second, 92.298, 0.001);
  EXPECT_EQ(points[1].first, "thread");
  EXPECT_NEAR(points[1].second, 64.082, 0.001);
  EXPECT_EQ(points[2].first, "coroutine");
  EXPECT_NEAR(points[2].second, 2.279, 0.001);
}

TEST(CompareHtml, ExplainsAndWarns) {
  Document document = test::create_document();
  document.scenarios[0].explanations = {"because <of> that"};
  document.scenarios[0].remarks = {"one & two"};
  document.cells[1].refused = "no \"rights\"";
  document.ladder = {{"creation", "process 1 us"}};
  const std::string page = write_html(document);
  EXPECT_THAT(page, HasSubstr("<li>because &lt;of&gt; that</li>"));
  EXPECT_THAT(page, HasSubstr("<p class=\"warning\">one &amp; two</p>"));
  EXPECT_THAT(page, HasSubstr("thread default: no &quot;rights&quot;"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">creation</th><td>process 1 us</td>"));
}

TEST(CompareHtml, WhatARunSaidCannotBecomeMarkup) {
  Document document = test::create_document();
  const std::string attack = "</td><script>x</script>\x1b\xff";
  document.cells[0].refused = attack;
  document.cells[0].model = attack;
  document.scenarios[0].explanations = {attack};
  document.scenarios[0].parameters = {{attack, attack}};
  document.environment.machine.cpu_model = attack;
  document.command_line = {attack};
  const std::string page = write_html(document);
  EXPECT_THAT(page, Not(HasSubstr("<script>x")));
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, HasSubstr("&lt;/td&gt;&lt;script&gt;x&lt;/script&gt;\\x1b\\xff"));
}

TEST(CompareHtml, OnePointIsNoComparison) {
  Document document = test::create_document();
  document.cells.resize(1);
  EXPECT_THAT(write_html(document), Not(HasSubstr("<circle")));
}

}  // namespace
}  // namespace triptych::compare
