// SPDX-License-Identifier: Apache-2.0
#include "compare/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "compare/explain.hpp"
#include "compare/figures.hpp"
#include "compare/ladder.hpp"
#include "compare/progress.hpp"
#include "compare/text_table.hpp"
#include "sample.hpp"

namespace triptych::compare {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string table_of(const Table& table, unsigned width) {
  Page page(width, false);
  write_table(page, table);
  return page.take();
}

TEST(TextTable, ColumnsStandInTheirGroups) {
  const Table table{{{"process", "fork"}, {"process", "vfork"}, {"thread", "default"}},
                    {{"time", {{"412 us"}, {"25 us"}, {"16 us"}}},
                     {"pages", {{"18"}, {"-"}, {"-"}}},
                     {"heading", {}},
                     {"nothing", {{"-"}, {"-"}, {"-"}}}}};
  EXPECT_EQ(table_of(table, 100),
            "         ───── process   thread\n"
            "           fork  vfork  default\n"
            "  time   412 us  25 us    16 us\n"
            "  pages      18      -        -\n"
            "  heading\n");
}

TEST(TextTable, WhatDoesNotFitGoesBelow) {
  const Table table{{{"process", "first-column-wide"}, {"thread", "second-column-wide"}},
                    {{"time", {{"1"}, {"2"}}}, {"pages", {{"3"}, {"-"}}}}};
  EXPECT_EQ(table_of(table, 40),
            "         ───────── process\n"
            "         first-column-wide\n"
            "  time                   1\n"
            "  pages                  3\n"
            "\n"
            "         ─────────── thread\n"
            "         second-column-wide\n"
            "  time                    2\n");
}

TEST(TextTable, BarsHaveALogScale) {
  Page page(40, false);
  write_bars(page, {{"thread", "10 us", 10'000}, {"coroutine", "10 ns", 10}, {"a", "1 ns", 1}});
  // 20 columns for five decades from 0.1 ns: four a decade.
  EXPECT_EQ(page.take(),
            "  thread     10 us  ████████████████████\n"
            "  coroutine  10 ns  ████████\n"
            "  a           1 ns  ████\n");
}

TEST(TextTable, ParagraphsAreFilledToTheWidth) {
  Page page(40, false);
  page.filled("  > ", "one two three four five six seven eight nine ten");
  EXPECT_EQ(page.take(), "  > one two three four five six seven\n    eight nine ten\n");
}

std::string text_of(Document document, TextStyle style = {}) {
  decide(document);
  explain(document);
  document.ladder = make_ladder(document);
  return write_text(document, style);
}

TEST(CompareText, HasTheTableTheBarsAndTheReason) {
  const std::string text = text_of(test::create_document());
  EXPECT_THAT(text, HasSubstr("create: do it once"));
  EXPECT_THAT(text, HasSubstr("process   thread  coroutine"));
  EXPECT_THAT(text, HasSubstr("  time, pinned          412 us  16.0 us   *13.0 ns\n"));
  EXPECT_THAT(text, HasSubstr("  / thread default     25.7x        1    1/1,231\n"));
  EXPECT_THAT(text, HasSubstr("  page table pages"));
  EXPECT_THAT(text, HasSubstr("time per operation, pinned, log scale"));
  EXPECT_THAT(text, HasSubstr("  > a child by fork costs 412 us because 1,031 page-table pages"));
  EXPECT_THAT(text, HasSubstr("In short"));
  EXPECT_THAT(text, HasSubstr("costs 200 ns ± 20.0 ns for each context switch"));
}

// Of one line, however it was broken.
std::string unfilled(std::string text) {
  for (std::size_t at = 0; (at = text.find("\n               ", at)) != std::string::npos;) {
    text.replace(at, 16, " ");
  }
  return text;
}

TEST(CompareText, SaysWhenTheCostsWereMeasuredAndWhetherTheyHeld) {
  Document document = test::create_document();
  EXPECT_THAT(text_of(document), Not(HasSubstr("these costs")));
  document.calibrated_after_ns = 1'000'000'000;
  document.checked_after_ns = 61'000'000'000;
  document.event_costs[0].at_end = EventCost::Again{210, 10};
  EXPECT_THAT(unfilled(text_of(document)),
              HasSubstr("these costs were known after 1.00 s, before anything was timed, and "
                        "measured again at the end, 60.0 s later: they held"));
  document.event_costs[0].at_end = EventCost::Again{250, 10};
  EXPECT_THAT(unfilled(text_of(document)),
              HasSubstr("they had changed to 250 ns ± 10.0 ns for each context switch; what is "
                        "expected of them is that much less certain"));
}

TEST(CompareText, SaysWhoTimesAndWhenThatWasTooSeldom) {
  Document document = test::create_document();
  EXPECT_THAT(unfilled(text_of(document)),
              HasSubstr("timed by     triptych-cell, its clock read before the first and after the "
                        "last operation; triptych-bench times the same cells by Google Benchmark"));
  EXPECT_THAT(text_of(document), Not(HasSubstr("few runs")));
  document.repetitions = 9;
  EXPECT_THAT(text_of(document), HasSubstr("few runs     fewer than 10 repetitions"));
}

TEST(CompareText, TellsOutliersAndKeepsThem) {
  Document document = test::create_document();
  for (CellResult& cell : document.cells) cell.figures[0].outliers.clear();
  EXPECT_THAT(text_of(document), Not(HasSubstr("outliers")));
  document.cells[1].figures[0].outliers = {3, 7};
  EXPECT_THAT(text_of(document), HasSubstr("  outliers, kept     0 of 10  2 of 10    0 of 10\n"));
}

TEST(CompareText, SaysWhatTheModelsDoDifferently) {
  EXPECT_THAT(text_of(test::create_document()), HasSubstr("\n  different: not the same\n"));
}

TEST(CompareText, CountsOneAndMany) {
  Document document = test::create_document();
  EXPECT_THAT(text_of(document), HasSubstr("triptych compare: 10 repetitions, each"));
  EXPECT_THAT(text_of(document), HasSubstr(" 2 of 2 CPUs, "));
  document.repetitions = 1;
  document.environment.machine.cpus = document.environment.usable_cpus = 1;
  EXPECT_THAT(text_of(document), HasSubstr("triptych compare: 1 repetition, each"));
  EXPECT_THAT(text_of(document), HasSubstr(" 1 of 1 CPU, "));
}

// Half the width would put the low end far below nothing.
TEST(CompareText, LopsidedIntervalsHaveBothEnds) {
  Document document = test::create_document();
  document.cells[0].figures[0].interval = {412'000 * 0.995, 412'000 * 43.0};
  const std::string text = text_of(document);
  EXPECT_THAT(text, HasSubstr(" -0.5…+4200 % "));
  EXPECT_THAT(text, HasSubstr(" ±0.3 % "));
}

TEST(CompareText, StaysWithinTheWidth) {
  for (const unsigned width : {60u, 80u, 100u}) {
    std::istringstream lines(text_of(test::create_document(), {width, false}));
    for (std::string line; std::getline(lines, line);) {
      const auto columns = std::count_if(line.begin(), line.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
      });
      EXPECT_LE(columns, static_cast<long>(width)) << line;
    }
  }
}

TEST(CompareText, ColoursOnlyWhereWanted) {
  EXPECT_THAT(text_of(test::create_document()), Not(HasSubstr("\033")));
  EXPECT_THAT(text_of(test::create_document(), {100, true}), HasSubstr("\033[32m*13.0 ns\033[0m"));
}

TEST(CompareText, SaysWhatRootWouldAdd) {
  Document document = test::create_document();
  for (CellResult& cell : document.cells) cell.traced.reset();
  document.why_untraced = "not root: with sudo, more";
  const std::string text = text_of(document);
  EXPECT_THAT(text, HasSubstr("  not recorded not root: with sudo, more\n"));
  EXPECT_THAT(text, Not(HasSubstr("recorded, per operation")));
}

TEST(CompareText, HasCoroutineSwitchesBesideTheKernels) {
  Document document = test::create_document();
  test::record(document.cells[0], {{"voluntary_switches", 2},
                                   {"involuntary_switches", 1},
                                   {"address_space_switches", 3},
                                   {"wakeups", 2}});
  test::record(document.cells[2], {{"wakeups", 1}, {"coroutine_switches", 4}});
  EXPECT_THAT(text_of(document), testing::ContainsRegex("involuntary switches .*1 .*\n"
                                                        "  coroutine switches +0 +0 +4\n"
                                                        "  address space switches"));
}

TEST(CompareText, HasTheHardwaresCountsWhereThereAreAny) {
  Document document = test::create_document();
  document.why_no_hardware = "cycles are not known: no such file";
  EXPECT_THAT(text_of(document), HasSubstr("  no counters  cycles are not known: no such file\n"));
  document.why_no_hardware.clear();
  document.cells[0].hardware = {{"cycles", 812'345}, {"data_tlb_misses", 41.5}};
  document.cells[1].hardware = {{"cycles", 30'100}, {"data_tlb_misses", std::nullopt}};
  const std::string text = text_of(document);
  EXPECT_THAT(text, Not(HasSubstr("no counters")));
  EXPECT_THAT(text, HasSubstr("  cycles               812,345   30,100          -\n"));
  EXPECT_THAT(text, HasSubstr("  data tlb misses         41.5        -          -\n"));
}

TEST(CompareText, LeavesOutWhatIsTheSameEverywhere) {
  Document document = test::create_document();
  for (CellResult& cell : document.cells) {
    cell.figures.push_back(test::single_figure("pages", "1", 4096));
    cell.figures.push_back(
        test::single_figure("copies_expected", "1", cell.model == "process" ? 2048 : 0));
  }
  const std::string text = text_of(document);
  EXPECT_THAT(text, Not(HasSubstr("  pages ")));
  EXPECT_THAT(text, HasSubstr("  copies expected        2,048        0          0\n"));
}

TEST(CompareText, TellsWhatTheRecordingLost) {
  Document document = test::create_document();
  EXPECT_THAT(text_of(document), Not(HasSubstr("lost")));
  for (CellResult& cell : document.cells) cell.traced->lost = 1234;
  const std::string text = text_of(document);
  EXPECT_THAT(text,
              HasSubstr("  ! the recording lost 1,234 of its records: counts with ≥ are lower"));
  EXPECT_THAT(text, HasSubstr(" ≥1,031 "));
  EXPECT_THAT(text, HasSubstr(" 200 us ")) << "a mean is no lower bound";
  EXPECT_THAT(text, Not(HasSubstr("  > "))) << "lower bounds explain nothing";
}

TEST(CompareText, SaysWhatWasRefused) {
  Document document = test::create_document();
  document.cells[0].figures.clear();
  document.cells[0].traced.reset();
  document.cells[0].refused = "pids.max allows 3 more";
  EXPECT_THAT(text_of(document), HasSubstr("  ! process fork: pids.max allows 3 more\n"));
}

TEST(Progress, LineHasShareAndRemainingTime) {
  EXPECT_EQ(progress_line("measuring x", 30'000'000'000, 10'400'000'000),
            "compare: measuring x, 74 %, 10 s left");
  EXPECT_EQ(progress_line("x", 0, 0), "compare: x, 0 %, 0 s left");
}

}  // namespace
}  // namespace triptych::compare
