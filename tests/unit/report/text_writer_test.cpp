// SPDX-License-Identifier: Apache-2.0
#include "report/text_writer.hpp"

#include <gtest/gtest.h>

namespace triptych::report {
namespace {

std::string written(Block block, TextStyle style = {}) {
  Document document;
  document.title = "T";
  document.sections.emplace_back();
  document.sections.back().blocks.push_back(std::move(block));
  const std::string text = write_text(document, style);
  EXPECT_EQ(text.substr(0, 3), "T\n\n");
  return text.substr(3);
}

TEST(FormatValue, GivesEachKindItsUnit) {
  EXPECT_EQ(format_value(Unknown{}), "unknown");
  EXPECT_EQ(format_value(NotAvailable{}), "n/a");
  EXPECT_EQ(format_value(Count{1234567}), "1,234,567");
  EXPECT_EQ(format_value(Difference{0}), "0");
  EXPECT_EQ(format_value(Difference{1200}), "+1,200");
  EXPECT_EQ(format_value(Difference{-1200}), "-1,200");
  EXPECT_EQ(format_value(Difference{INT64_MIN}), "-9,223,372,036,854,775,808");
  EXPECT_EQ(format_value(Duration{0}), "0");
  EXPECT_EQ(format_value(Duration{1500}), "1.50 us");
  EXPECT_EQ(format_value(Bytes{4096}), "4.0 KiB");
  EXPECT_EQ(format_value(Moment{0}), "+0");
  EXPECT_EQ(format_value(Moment{2000}), "+2.00 us");
}

TEST(DisplayWidth, CountsCharactersNotBytes) {
  EXPECT_EQ(display_width("naïve …"), 7u);
  EXPECT_EQ(display_width(""), 0u);
}

TEST(TextWriter, FillsParagraphsToTheWidth) {
  TextStyle narrow;
  narrow.width = 12;
  EXPECT_EQ(written(Paragraph{"one two three four", Tone::kPlain}, narrow),
            "  one two\n  three four\n");
  // A word that is longer than the line stands alone, whole.
  EXPECT_EQ(written(Paragraph{"a incomprehensibilities b", Tone::kPlain}, narrow),
            "  a\n  incomprehensibilities\n  b\n");
}

TEST(TextWriter, KeepsNumbersAndTheirUnitsTogether) {
  TextStyle narrow;
  narrow.width = 12;
  EXPECT_EQ(written(Paragraph{"memory 3.5 MiB", Tone::kPlain}, narrow), "  memory\n  3.5 MiB\n");
  EXPECT_EQ(written(Paragraph{"status 2 after (1.5 ms), 3 %", Tone::kPlain}, narrow),
            "  status 2\n  after\n  (1.5 ms),\n  3 %\n");
}

TEST(TextWriter, AlignsFields) {
  EXPECT_EQ(written(Fields{{{"switches", Count{1200}, "in all"}, {"forks", Count{1}, ""}}}),
            "  switches  1,200  in all\n"
            "  forks         1\n");
  EXPECT_EQ(
      written(Fields{{{"command", std::string("sh -c x"), ""}, {"ended", std::string("ok"), ""}}}),
      "  command  sh -c x\n"
      "  ended    ok\n");
}

TEST(TextWriter, AlignsTableColumnsAndShowsDetails) {
  Table table;
  table.columns = {{"tid"}, {"name", true}, {"time"}};
  table.rows.push_back(
      {{std::string("1"), std::string("sh"), Duration{1500}}, "", "waits", Tone::kPlain});
  table.rows.push_back({{}, "a heading", "", Tone::kPlain});
  table.rows.push_back(
      {{std::string("20"), std::string("make"), NotAvailable{}}, "", "", Tone::kPlain});
  table.more = "… and 3 more";
  EXPECT_EQ(written(table),
            "  tid  name     time\n"
            "    1  sh    1.50 us\n"
            "      waits\n"
            "  a heading\n"
            "   20  make      n/a\n"
            "  … and 3 more\n");
}

TEST(TextWriter, BreaksTheLastColumnWhereItDoesNotFit) {
  Table table;
  table.columns = {{"a", true}, {"why", true}};
  table.rows.push_back(
      {{std::string("x"), std::string("one two three four five six")}, "", "", Tone::kPlain});
  TextStyle narrow;
  narrow.width = 26;
  EXPECT_EQ(written(table, narrow),
            "  a  why\n"
            "  x  one two three four\n"
            "     five six\n");
}

TEST(TextWriter, DrawsBarsInProportionAndTheSmallestVisibly) {
  Bars bars;
  bars.title = "Waits";
  bars.figures = "1,501 waits";
  bars.bars = {{1024, 2048, 1000}, {2048, 4096, 500}, {4096, 8192, 0}, {8192, 16384, 1}};
  std::string full, half;
  for (int i = 0; i < 40; ++i) full += "█";
  for (int i = 0; i < 20; ++i) half += "█";
  EXPECT_EQ(written(bars),
            "  Waits\n"
            "    1,501 waits\n"
            "    1.02 us – 2.05 us  1,000  " +
                full + "\n" + "    2.05 us – 4.10 us    500  " + half + "\n" +
                "    4.10 us – 8.19 us      0\n"
                "    8.19 us – 16.4 us      1  ▏\n");
}

TEST(TextWriter, DrawsTrees) {
  const auto line = [](std::uint32_t depth, std::uint32_t rails, bool last, const char* text) {
    TreeLine made;
    made.depth = depth;
    made.rails = rails;
    made.last = last;
    made.text = text;
    return made;
  };
  Tree tree;
  tree.lines = {line(0, 0, true, "root"), line(1, 0, false, "first"),
                line(2, 1u << 1, true, "deep"), line(1, 0, true, "second")};
  TreeLine detail = line(1, 0, true, "more on second");
  detail.detail = true;
  tree.lines.push_back(detail);
  EXPECT_EQ(written(tree),
            "  root\n"
            "  ├─ first\n"
            "  │  └─ deep\n"
            "  └─ second\n"
            "          more on second\n");
}

TEST(TextWriter, ColoursOnlyWhenAsked) {
  TextStyle colours;
  colours.colours = true;
  Document document;
  document.title = "T";
  document.sections.emplace_back("S", "");
  document.sections.back().blocks.emplace_back(Paragraph{"lost", Tone::kBad});
  EXPECT_EQ(write_text(document, colours),
            "\033[1mT\033[0m\n\n\033[1mS\033[0m\n  \033[1;31mlost\033[0m\n");
  EXPECT_EQ(write_text(document), "T\n\nS\n  lost\n");
}

}  // namespace
}  // namespace triptych::report
