// SPDX-License-Identifier: Apache-2.0
//
// What the text report says about small summaries; its whole looks are the golden tests' business.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/report.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"
#include "sample.hpp"

namespace triptych::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const analyze::Summary& summary, ViewOptions options = {}) {
  const auto view = View::make(summary, options);
  EXPECT_TRUE(view.has_value());
  return write_text(make_document(*view));
}

TEST(Report, SaysWhatRanAndWhetherToTrustIt) {
  const std::string text = text_of(sample_summary());
  EXPECT_THAT(text, HasSubstr("triptych report: sh -c \"a b\"\n"));
  EXPECT_THAT(text, HasSubstr("  ended     exited with status 3; recording ended: target ended\n"));
  EXPECT_THAT(text,
              HasSubstr("Where they can be checked, context switches are accounted for: 15 "
                        "recorded, 15 counted by the\n  kernel, in 1 task; 1 task could not be "
                        "compared (see Audit)."));
  analyze::Summary whole = sample_summary();
  whole.audit.tasks = 1;
  EXPECT_THAT(text_of(whole), HasSubstr("Every context switch is accounted for: 15 recorded, 15 "
                                        "counted by the kernel, in 1 task.\n"));
  whole.quality.add(model::Quality::truncated_bytes, 10);
  EXPECT_THAT(text_of(whole),
              HasSubstr("As far as the file goes, every context switch is accounted "
                        "for: 15 recorded, 15"));
  EXPECT_THAT(text_of(whole), HasSubstr("  recorded  100 events, the rest of the file is MISSING, "
                                        "taking 400 B of the file (4.0"));
  EXPECT_THAT(text, HasSubstr("Every page fault is accounted for: 8 recorded, 8 counted"));
  EXPECT_THAT(text, HasSubstr("Nothing was lost, cut or damaged."));
}

TEST(Report, GivesNoTwoLinesTheSameName) {
  analyze::Summary summary = sample_summary();
  summary.metadata.target.kind = model::TargetKind::kMachine;
  EXPECT_THAT(text_of(summary), HasSubstr("  target    all tasks but the recorder's own\n"));
}

TEST(Report, ShowsTheTreeOfTasks) {
  EXPECT_THAT(text_of(sample_summary()),
              HasSubstr("  100 sh: the command, exited with status 3 after 4.00 ms\n"
                        "  │    exec at +0, /bin/sh: sh -c \"a b\"\n"
                        "  └─ 101 cat: fork at +1.00 ms, killed by SIGKILL after 1.10 ms – ZOMBIE: "
                        "ended, and no release seen\n"
                        "          exec at +1.50 ms, /bin/cat: cat …\n\n"));
  analyze::Summary renamed = sample_summary();
  renamed.tasks[1].names = {"sh", "kitten"};  // the first is its parent's
  EXPECT_THAT(text_of(renamed), HasSubstr("          earlier names: kitten\n"));
}

TEST(Report, ShowsWhoPreempted) {
  EXPECT_THAT(text_of(sample_summary()),
              HasSubstr("  sh 100  kworker/0:1 50 (not recorded)      1  500 us\n"));
}

TEST(Report, ShowsTheBillOfAFork) {
  EXPECT_THAT(
      text_of(sample_summary()),
      HasSubstr("  sh 100  cat 101  fork  120 us          n/a    30.0 us           12        "
                "   300\n      copied on write: by the parent nothing; by the child 1 page (4.0 "
                "KiB) in 1.90 us\n"));
}

TEST(Report, ListsTasksThatDifferAndCountsThoseThatCannotBeCompared) {
  const std::string text = text_of(sample_summary());
  EXPECT_THAT(text, HasSubstr("                    tasks  against the kernel's counters of each\n"
                              "  context switches      1  equal\n"
                              "                        1  not comparable, records lost\n"
                              "  page faults           1  equal\n"
                              "                        1  not comparable, records lost\n"));
  EXPECT_THAT(text, Not(HasSubstr("Those that differ")));
  analyze::Summary summary = sample_summary();
  summary.tasks[0].audit.switches = analyze::AuditVerdict::kDiffers;
  summary.tasks[0].audit.kernel_voluntary = 11;
  EXPECT_THAT(text_of(summary), HasSubstr("  Those that differ, recorded / kernel:\n\n"
                                          "  tid  name  voluntary  involuntary  faults\n"
                                          "  100  sh      10 / 11        5 / 5   7 / 8\n\n"));
  summary = sample_summary();
  summary.tasks[1].audit = summary.tasks[0].audit;
  EXPECT_THAT(text_of(summary), HasSubstr("  All 2 tasks equal the kernel's own counters.\n"));
}

TEST(Report, TellsLossFromWhatIsNone) {
  analyze::Summary summary = sample_summary();
  summary.totals.unknown_ns = 3'500'000;
  summary.totals.unknown_by_cause_ns = {3'000'000, 500'000, 0, 0};
  summary.totals.faults.unresolved = 4;
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("which of the three: 3.00 ms before the first event of"));
  EXPECT_THAT(text, HasSubstr("500 us after a loss or a cut\n"));
  EXPECT_THAT(text, HasSubstr("  Nothing was lost, cut or damaged.\n"));
  EXPECT_THAT(text,
              HasSubstr("  unresolved faults          4  harmless  begun and never completed"));
  EXPECT_THAT(text, HasSubstr("  unknown at start-up  3.00 ms  harmless  what tasks that existed"));
}

TEST(Report, NarrowsEveryFigureAboutTasks) {
  ViewOptions options;
  options.tid = 101;
  analyze::Summary summary = sample_summary();
  summary.tasks[1].cow = {1, 4096, 1900};
  const std::string text = text_of(summary, options);
  EXPECT_THAT(text, HasSubstr("  Narrowed to 1 task (tid 101); the recording has 2 tasks."));
  EXPECT_THAT(text, HasSubstr("Context switches could not be checked: none of 1 task"));
  EXPECT_THAT(text, HasSubstr("  2  1 voluntary, 1 involuntary"));
  EXPECT_THAT(text, HasSubstr("  1  1 minor"));
  EXPECT_THAT(text, HasSubstr("  1  pages, 4.0 KiB, in 1.90 us\n"));
  EXPECT_THAT(text, HasSubstr("  0  processes with a copy"));
  options.tid.reset();
  options.process = "100";  // it made the child
  EXPECT_THAT(text_of(summary, options), HasSubstr("  1  processes with a copy"));
  EXPECT_THAT(text_of(summary, options), HasSubstr("(process 100); the recording has 2 tasks."));
}

TEST(Report, NamesTheProcessThatWasAttachedTo) {
  analyze::Summary summary = sample_summary();
  summary.metadata.target.kind = model::TargetKind::kProcess;
  summary.metadata.target.comm = "redis\033";
  summary.metadata.target.command = {"redis-server", "*:6379\033"};
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("triptych report: process redis\\x1b 100\n"));
  EXPECT_THAT(text, HasSubstr("  process   redis\\x1b 100: redis-server *:6379\\x1b – with all its "
                              "threads and what they started\n"));
  summary.metadata.target.comm.clear();
  summary.metadata.target.command.clear();  // an older trace
  EXPECT_THAT(text_of(summary), HasSubstr("  process   100 – with all its threads and what"));
}

TEST(Report, ShoutsAboutDifferencesAndLoss) {
  analyze::Summary summary = sample_summary();
  summary.audit.tasks_differing = 1;
  summary.audit.switches_kernel = 16;
  summary.audit.faults_counted = 10;
  summary.quality.add(model::Quality::lost_switches, 1234);
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("The record DIFFERS from the kernel's own counters in 1 task"));
  EXPECT_THAT(text, HasSubstr("Page faults DIFFER: 8 recorded, 10 counted independently"));
  EXPECT_THAT(text, HasSubstr("100 events, 1,234 LOST"));
  EXPECT_THAT(text,
              HasSubstr("  lost switches  1,234  loss  raise --buffer-size or narrow --events\n"));
}

TEST(Report, PrintsNotAvailableForWhatWasNotRecorded) {
  analyze::Summary summary = sample_summary();
  summary.metadata.plan[0].hook.clear();
  summary.metadata.plan[2].hook.clear();
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("  context switches  n/a  not recorded\n"));
  EXPECT_THAT(text, HasSubstr("  page faults       n/a  not recorded\n"));
  EXPECT_THAT(text, HasSubstr("Context switches were not recorded."));
  EXPECT_THAT(text, HasSubstr("n/a: page faults were not recorded."));
}

TEST(Report, TellsProbesThatWereNotHitFromNoCoroutines) {
  constexpr const char* kSilent =
      "Coroutines\n  Not known: no probe was hit. The program came to no coroutine, or they are "
      "elsewhere.\n";
  analyze::Summary summary = sample_summary();
  summary.metadata.plan.push_back({"coroutine", "uprobe_multi/coroutine_cpp", ""});
  EXPECT_THAT(text_of(summary), HasSubstr(kSilent));
  summary.coroutines.lost = 1;  // one was
  EXPECT_THAT(text_of(summary), Not(HasSubstr(kSilent)));
  summary.coroutines = {};
  summary.coroutines.recorded = true;
  EXPECT_THAT(text_of(summary), Not(HasSubstr(kSilent)));
  summary.coroutines = {};
  for (const char* none : {"", "recorder"}) {
    summary.metadata.plan.back().hook = none;
    EXPECT_THAT(text_of(summary), Not(HasSubstr(kSilent)));
  }
}

TEST(Report, PrintsNotAvailableForWhatSummaryModeLacks) {
  analyze::Summary summary = sample_summary();
  summary.summary_only = true;
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("n/a: needs the events of switches, one by one."));
  EXPECT_THAT(text, HasSubstr("copied on write: n/a\n"));
  EXPECT_THAT(text, Not(HasSubstr("sched_yield")));
}

TEST(Report, EscapesWhatTheTargetChose) {
  analyze::Summary summary = sample_summary();
  const std::string evil = "\033[2J\nx\xff";
  summary.metadata.target.command = {evil};
  summary.metadata.target.user = evil;
  summary.metadata.host.kernel = evil;
  summary.metadata.record_command = {evil};
  summary.metadata.plan.push_back({evil, evil, evil});
  summary.ending->reason = evil;
  summary.tasks[0].comm = evil;
  summary.tasks[0].names = {evil};
  summary.tasks[0].execs[0].filename = evil;
  summary.tasks[0].execs[0].arguments = {evil};
  summary.tasks[0].blocked_by_syscall_ns[evil] = 1'000'000;
  summary.tasks[0].audit.switches_remark = evil;
  summary.tasks[0].audit.switches = analyze::AuditVerdict::kDiffers;
  summary.tasks[2].comm = evil;
  summary.address_spaces[0].comm = evil;
  summary.marks[0].name = evil;
  summary.audit.faults_remark = evil;
  const std::string text = text_of(summary);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  EXPECT_EQ(text.find('\xff'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\\x1b[2J\\nx\\xff"));
}

TEST(Report, CutsLongTablesAndTreesAtTop) {
  analyze::Summary summary = sample_summary();
  for (std::uint32_t i = 0; i < 30; ++i) {
    analyze::Task thread =
        make_task(model::TaskId{10 + i}, static_cast<model::Tid>(200 + i), "worker");
    thread.tgid = 100;
    thread.created_by = analyze::CreatedBy::kThread;
    thread.parent = kShell;
    thread.start_ns = 2'000'000;
    summary.tasks.push_back(thread);
  }
  const std::string text = text_of(summary);
  EXPECT_THAT(text, HasSubstr("└─ … and 11 more children (--top 0 shows all)\n"));
  EXPECT_THAT(text, HasSubstr("… and 12 more tasks (--top 0 shows all)\n"));
  ViewOptions all;
  all.top = 0;
  EXPECT_THAT(text_of(summary, all), Not(HasSubstr("more")));
}

TEST(Report, SurvivesACircleOfParents) {
  analyze::Summary summary = sample_summary();
  summary.tasks[0].parent = kChild;
  EXPECT_THAT(text_of(summary), HasSubstr("  └─ 101 cat: fork"));
}

TEST(Report, CallsWhatLiesBeforeTheWindowEarlier) {
  analyze::Summary summary = sample_summary();
  summary.begin_ns = 2'200'000;
  summary.from_mark = "load";
  EXPECT_THAT(text_of(summary), HasSubstr("101 cat: fork earlier, killed by SIGKILL"));
  EXPECT_THAT(text_of(summary), HasSubstr("exec earlier, /bin/sh: sh -c"));
  EXPECT_THAT(text_of(summary), HasSubstr("exec at +300 us, /bin/cat: cat …"));
}

TEST(Report, SaysWhoseTidAnExecInAThreadTookOver) {
  analyze::Summary summary = sample_summary();
  summary.tasks[1].execs[0].old_tid = 105;
  EXPECT_THAT(text_of(summary),
              HasSubstr("exec at +1.50 ms, by thread 105, which became 101, /bin/cat"));
}

TEST(Report, LeavesOutRunsOfEmptyBuckets) {
  analyze::Summary summary = sample_summary();
  summary.totals.run_queue_latency = {};
  summary.totals.run_queue_latency.add(1500);
  summary.totals.run_queue_latency.add(20'000);
  const std::string bar = "████████████████████████████████████████";
  EXPECT_THAT(text_of(summary), HasSubstr("    1.02 us – 2.05 us  1  " + bar +
                                          "\n    …\n    16.4 us – 32.8 us  1  " + bar + "\n"));
}

TEST(Report, SumsFaultsByKind) {
  analyze::Summary summary = sample_summary();
  summary.totals.faults.by_kind[static_cast<std::size_t>(analyze::FaultKind::kFirstTouch)] = 1234;
  summary.totals.faults.by_kind[static_cast<std::size_t>(analyze::FaultKind::kUnknown)] = 2;
  EXPECT_THAT(text_of(summary), HasSubstr("    by kind         first touch 1,234, unknown 2\n"));
  summary.summary_only = true;
  EXPECT_THAT(text_of(summary), HasSubstr("first touch 1,234, not told apart in summary mode 2\n"));
}

TEST(Words, DescribeWaitStatuses) {
  EXPECT_EQ(wait_status_words(0), "exited with status 0");
  EXPECT_EQ(wait_status_words(255 << 8), "exited with status 255");
  EXPECT_EQ(wait_status_words(11 | 0x80), "killed by SIGSEGV, core dumped");
  EXPECT_EQ(wait_status_words(40), "killed by signal 40");
  EXPECT_EQ(shell_status(7 << 8), 7);
  EXPECT_EQ(shell_status(9), 137);
}

TEST(Words, WhatStandsInParenthesesIsSaidOnce) {
  SaidOnce once;
  EXPECT_EQ(once("a: refused (locked); b: refused (locked)"), "a: refused (locked); b: refused");
  EXPECT_EQ(once("c: refused (locked), (other) and (open"), "c: refused, (other) and (open");
  EXPECT_EQ(once("d: refused (other)"), "d: refused");
  EXPECT_EQ(SaidOnce()("d: refused (other)"), "d: refused (other)");
}

TEST(Words, WithoutASystemCallItIsAFaultThatWaits) {
  EXPECT_EQ(blocked_in("no system call"), "a page fault or alike, no system call,");
  EXPECT_EQ(blocked_in("read"), "read");
}

TEST(Words, CutBetweenCharactersAndEscapes) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdef", 5), "abcd…");
  EXPECT_EQ(cut("ab\\x1bcd", 6), "ab…");
  EXPECT_EQ(cut("ééééé", 4), "ééé…");
}

TEST(Words, NameWhatClonesShare) {
  EXPECT_EQ(joined(shared_by(0x100 | 0x400)), "memory, open files");
  EXPECT_EQ(joined(new_namespaces(0x20000000 | 0x40000000)), "pid, net");
}

}  // namespace
}  // namespace triptych::report
