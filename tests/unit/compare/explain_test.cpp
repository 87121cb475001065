// SPDX-License-Identifier: Apache-2.0
#include "compare/explain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compare/figures.hpp"
#include "compare/ladder.hpp"
#include "sample.hpp"

namespace triptych::compare {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> explanations_of(Document document) {
  decide(document);
  explain(document);
  return document.scenarios[0].explanations;
}

TEST(Explain, CreationInNumbers) {
  EXPECT_THAT(
      explanations_of(test::create_document()),
      ElementsAre(
          "a child by fork costs 412 us because 1,031 page-table pages are copied for it, "
          "200 us in the creating call and 100 us to take them down at its end (while "
          "recorded); a thread shares them and costs 16.0 us",
          "coroutine stackless 13.0 ns: the kernel makes no task, wakes nobody and does not "
          "switch; for thread default (16.0 us) it makes one, and switches 2 times"));
}

TEST(Explain, SaysNothingWithoutEvidence) {
  Document document = test::create_document();
  for (CellResult& cell : document.cells) cell.traced.reset();
  EXPECT_THAT(explanations_of(document), IsEmpty());
}

TEST(Explain, SaysNothingOfADifferenceThatIsNotProven) {
  Document document = test::create_document();
  document.cells[0].figures = {test::time_figure(16'000)};
  document.cells[2].figures = {test::time_figure(16'000)};
  EXPECT_THAT(explanations_of(document), IsEmpty());
}

TEST(Explain, PageTablesExplainNothingWhereTheTimeGoesElsewhere) {
  Document document = test::create_document();
  document.cells.resize(2);
  document.cells[0].figures = {test::time_figure(4'120'000)};
  document.cells[0].traced->time_per_operation_ns = 5'000'000;
  EXPECT_THAT(explanations_of(document), IsEmpty());
}

TEST(Explain, NoPageTableIsCopiedForVfork) {
  Document document = test::create_document();
  document.cells.push_back(test::make_cell(0, "process", "vfork", Placement::kPinned, 25'000));
  test::record(document.cells[3], {{"processes_created", 1}, {"voluntary_switches", 3}});
  EXPECT_THAT(explanations_of(document),
              ::testing::Contains(
                  "vfork copies no page table where fork copies 1,031 pages: 25.0 us against 412 "
                  "us"));
}

TEST(Explain, OneRepetitionProvesNothingOfVfork) {
  Document document = test::create_document();
  document.cells.push_back(test::make_cell(0, "process", "vfork", Placement::kPinned, 25'000));
  test::record(document.cells[3], {{"processes_created", 1}, {"voluntary_switches", 3}});
  for (CellResult& cell : document.cells) {
    cell.figures = {test::time_figure(cell.figures[0].median, 1)};
  }
  EXPECT_THAT(explanations_of(document), IsEmpty());
}

TEST(Explain, CopiesOnWrite) {
  Document document = test::create_document();
  document.cells.resize(2);
  document.cells[0].figures = {test::time_figure(5'000'000)};
  test::record(document.cells[0], {{"processes_created", 1},
                                   {"cow_copies", 2055},
                                   {"memory_copies", 2048},
                                   {"memory_copy_time", 2000}});
  EXPECT_THAT(
      explanations_of(document),
      ElementsAre("process fork takes 5.00 ms because 2,048 pages (8.0 MiB) are copied when "
                  "they are first written, 2.00 us each while recorded; thread default "
                  "writes the same pages, copies none and takes 16.0 us"));
  // Of a file the thread copies as well.
  test::record(document.cells[1], {{"threads_created", 1}, {"memory_copies", 512}});
  EXPECT_THAT(explanations_of(document),
              ElementsAre(::testing::HasSubstr("writes the same pages, copies 512 and takes")));
  test::record(document.cells[1], {{"threads_created", 1}, {"memory_copies", 2048}});
  EXPECT_THAT(explanations_of(document), IsEmpty()) << "as many copies explain nothing";
}

TEST(Explain, SwitchesOfAddressSpacesAndWithoutTheKernel) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("switch")};
  document.cells[0].figures = {test::time_figure(5'000)};
  test::record(document.cells[0], {{"voluntary_switches", 2}, {"address_space_switches", 2}});
  document.cells[1].figures = {test::time_figure(4'000)};
  test::record(document.cells[1], {{"voluntary_switches", 2}});
  document.cells[1].traced->blocked_in["futex"] = 2;
  EXPECT_THAT(
      explanations_of(document),
      ElementsAre(
          "process fork takes 1.25x the time of thread default for as many switches (2 and "
          "2): 2 of its own change the address space, of the other's none",
          "coroutine stackless 13.0 ns: 2 switches in the program itself instead of the "
          "kernel; thread default (4.00 us) has 2 in the kernel, of which 2 asleep in futex"));
}

TEST(Explain, MemoryOfUnits) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("idle")};
  document.cells.resize(2);
  for (CellResult& cell : document.cells) {
    cell.placement = Placement::kUnpinned;
    cell.traced.reset();
    const double factor = cell.model == "process" ? 4 : 1;
    cell.figures = {test::single_figure("sum_bytes_per_unit", "bytes", 32'768 * factor),
                    test::single_figure("pss_bytes_per_unit", "bytes", 8192),
                    test::single_figure("page_table_bytes_per_unit", "bytes", 4096),
                    test::single_figure("kernel_stack_bytes_per_unit", "bytes", 16'384),
                    test::single_figure("slab_bytes_per_unit", "bytes", 4096)};
  }
  EXPECT_THAT(
      explanations_of(document),
      ElementsAre("process fork takes 128.0 KiB a unit (4.00x of thread default): 8.0 KiB of "
                  "its own memory, 4.0 KiB page tables, 16.0 KiB kernel stack, 4.0 KiB "
                  "slab"));
}

TEST(Explain, Placement) {
  Document document = test::create_document();
  document.cells.push_back(test::make_cell(0, "thread", "default", Placement::kUnpinned, 80'000));
  EXPECT_THAT(explanations_of(document),
              ::testing::Contains("left to the scheduler, thread default takes 5.00x the time that "
                                  "it takes pinned to one CPU (80.0 us)"));
}

TEST(Ladder, HasARungForWhatWasMeasured) {
  Document document = test::create_document();
  decide(document);
  const std::vector<Rung> ladder = make_ladder(document);
  ASSERT_EQ(ladder.size(), 1u);
  EXPECT_EQ(ladder[0].question, "creation");
  EXPECT_EQ(ladder[0].answer,
            "process 412 us (25.7x), thread 16.0 us, coroutine 13.0 ns (1/1,231)");
  EXPECT_TRUE(make_ladder(Document{}).empty());
}

TEST(Ladder, SaysWhatIsNotProven) {
  Document document = test::create_document();
  document.cells[0].figures = {test::time_figure(16'000)};
  document.cells[2].figures = {test::time_figure(8'000, 2)};
  decide(document);
  EXPECT_EQ(make_ladder(document)[0].answer,
            "process 16.0 us (1.00x, no difference), thread 16.0 us, coroutine 8.00 us (0.500x, "
            "not proven)");
}

TEST(Ladder, ParallelismIsProvenOrNot) {
  Document document = test::create_document();
  document.scenarios = {test::make_scenario("cpu"), test::make_scenario("cpu", "units=1")};
  document.scenarios[1].parameters = {{"units", "1"}};
  document.cells = {test::make_cell(0, "thread", "default", Placement::kUnpinned, 1000),
                    test::make_cell(1, "thread", "default", Placement::kUnpinned, 1001)};
  ASSERT_EQ(make_ladder(document).size(), 1u);
  EXPECT_EQ(make_ladder(document)[0].answer, "thread not proven with 2 units on 2 CPUs");
  document.environment.usable_cpus = 1;
  EXPECT_EQ(make_ladder(document)[0].answer, "cannot be tested on 1 CPU");
}

}  // namespace
}  // namespace triptych::compare
