// SPDX-License-Identifier: Apache-2.0
#include "compare/figures.hpp"

#include <gtest/gtest.h>

#include "sample.hpp"

namespace triptych::compare {
namespace {

CellRun run_of(std::uint64_t elapsed_ns, double pss) {
  CellRun run;
  run.operations = 10;
  run.elapsed_ns = elapsed_ns;
  run.cpu_ns = elapsed_ns / 2;
  run.metrics = {{"pss_bytes", "bytes", "smaps", pss}};
  return run;
}

TEST(MakeFigures, KeepsEveryRepetition) {
  const std::vector<Figure> figures =
      make_figures({run_of(100, 1), run_of(300, 2), run_of(200, 9)}, 0.95, 100, 1);
  ASSERT_EQ(figures.size(), 3u);
  EXPECT_EQ(figures[0].name, kTime);
  EXPECT_EQ(figures[0].values, (std::vector<double>{10, 30, 20}));
  EXPECT_EQ(figures[0].median, 20);
  EXPECT_EQ(figures[0].interval, (stats::Interval{10, 30}));
  EXPECT_EQ(figures[1].name, kCpuTime);
  EXPECT_EQ(figures[1].median, 10);
  EXPECT_EQ(figures[2].unit, "bytes");
  EXPECT_EQ(figures[2].median, 2);
  EXPECT_TRUE(make_figures({}, 0.95, 100, 1).empty());
}

TEST(Decide, AgainstTheThreadAndBest) {
  Document document = test::create_document();
  decide(document);
  EXPECT_EQ(document.statistics.hypotheses, 3u) << "two ratios and one best";
  const auto& fork = document.cells[0].figures[0];
  ASSERT_TRUE(fork.against && fork.against->ratio);
  EXPECT_NEAR(*fork.against->ratio, 25.75, 0.01);
  EXPECT_EQ(fork.against->verdict, stats::Verdict::kSlower);
  EXPECT_FALSE(document.cells[1].figures[0].against) << "the reference";
  EXPECT_EQ(document.cells[2].figures[0].against->verdict, stats::Verdict::kFaster);
  EXPECT_FALSE(fork.best);
  EXPECT_TRUE(document.cells[2].figures[0].best);
}

TEST(Decide, EqualCellsHaveNoBest) {
  Document document = test::create_document();
  document.cells[2].figures = {test::time_figure(16'000)};
  decide(document);
  EXPECT_FALSE(document.cells[1].figures[0].best);
  EXPECT_FALSE(document.cells[2].figures[0].best);
  EXPECT_EQ(document.cells[2].figures[0].against->verdict, stats::Verdict::kNoDifference);
}

TEST(Decide, PlacementsAreComparedCellByCell) {
  Document document = test::create_document();
  document.cells.push_back(test::make_cell(0, "thread", "default", Placement::kUnpinned, 32'000));
  decide(document);
  const auto& against = document.cells[3].figures[0].against_pinned;
  ASSERT_TRUE(against && against->ratio);
  EXPECT_NEAR(*against->ratio, 2, 0.001);
  EXPECT_EQ(against->verdict, stats::Verdict::kSlower);
  EXPECT_EQ(document.statistics.hypotheses, 4u);
}

TEST(Decide, WhatWasCountedOnceIsNotJudged) {
  Document document = test::create_document();
  for (CellResult& cell : document.cells) {
    cell.figures = {test::single_figure("creation_ns", "ns", 5)};
  }
  decide(document);
  EXPECT_EQ(document.statistics.hypotheses, 0u);
  EXPECT_FALSE(document.cells[0].figures[0].against);
}

TEST(Reference, IsTheFirstThreadThatRan) {
  Document document = test::create_document();
  const auto cells = [&] { return cells_of(document, 0, Placement::kPinned); };
  EXPECT_EQ(reference_of(cells())->title(), "thread default");
  document.cells[1].refused = "no room";
  EXPECT_EQ(reference_of(cells())->title(), "process fork");
  for (CellResult& cell : document.cells) cell.refused = "no room";
  EXPECT_EQ(reference_of(cells()), nullptr);
}

}  // namespace
}  // namespace triptych::compare
