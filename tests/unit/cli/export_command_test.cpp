// SPDX-License-Identifier: Apache-2.0
//
// export: what it takes, what it refuses, and that names from a trace do no harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "program.hpp"
#include "support/temporary_directory.hpp"

namespace triptych {
namespace {

using test::content_of;
using test::golden_trace;
using test::triptych;
using test::write_file;
using testing::HasSubstr;
using testing::StartsWith;

class ExportCommand : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  void refuses(std::vector<std::string> arguments, const std::string& message) const {
    arguments.insert(arguments.begin(), "export");
    const test::ProgramResult result = triptych(arguments, directory_.path());
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, message);
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  }

  test::TemporaryDirectory directory_;
};

TEST_F(ExportCommand, RefusesWhatItDoesNotUnderstand) {
  const std::string trace = golden_trace("threads");
  refuses({trace}, "error: --format is required\nhint: triptych export --help\n");
  refuses({"--format", "xls", trace},
          "error: --format: xls is none of csv, jsonl, perfetto, chrome, svg, speedscope, pprof, "
          "folded\nhint: triptych export "
          "--help\n");
  refuses(
      {"--format", "chrome", "--unit", "ns", trace},
      "error: --unit means nothing for this form\n"
      "hint: use it with --format svg, speedscope, pprof or folded, or chrome with --profile\n");
  refuses({"--format", "csv", "no.tpt"},
          "error: cannot open no.tpt: No such file or directory\n"
          "hint: record one with: triptych record -o FILE -- COMMAND\n");
  refuses({"--format", "csv"},
          "error: there is no triptych.tpt in this directory\n"
          "hint: name a trace, or record one: sudo triptych record -- COMMAND\n");
  refuses({"--format", "csv", trace, "--from", "soon"},
          "error: soon is not a time since the recording began\n"
          "hint: --from takes a number, of seconds where no unit follows: 500us, 10ms or 1.5\n");
  refuses({"--format", "csv", trace, "--to", "-1s"},
          "error: -1s is not a time since the recording began\n"
          "hint: --to takes a number, of seconds where no unit follows: 500us, 10ms or 1.5\n");
  refuses({"--format", "csv", trace, "--from", "2s", "--to", "1s"},
          "error: nothing lies between 2s and 1s\nhint: --to must be later than --from\n");
  refuses({"--format", "csv", "-", "--process", "x"},
          "error: standard input cannot be read twice, as --tid and --process need\n"
          "hint: write it to a file first\n");
}

TEST_F(ExportCommand, BeginsAtTheBeginning) {
  const std::string trace = golden_trace("threads");
  const std::string all = triptych({"export", "--format", "csv", trace}).out;
  for (const std::string zero : {"0", "0s", "0ms"}) {
    const test::ProgramResult result =
        triptych({"export", "--format", "csv", "--from", zero, trace});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, all);
  }
  refuses({"--format", "csv", trace, "--from", "0s", "--to", "0s"},
          "error: nothing lies between 0s and 0s\nhint: --to must be later than --from\n");
}

TEST_F(ExportCommand, NamesTheTasksThatThereAre) {
  const test::ProgramResult result =
      triptych({"export", "--format", "csv", golden_trace("fork-cow"), "--process", "cow-fork"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "error: no recorded process is cow-fork\nhint: it has fork-cow\n");
}

TEST_F(ExportCommand, NamesTheCoroutinesThatThereAre) {
  const std::string trace = golden_trace("coroutines");
  for (const std::string form : {"csv", "chrome", "folded"}) {
    const auto refused = [&](const std::string& coroutine, const std::string& of) {
      const test::ProgramResult result =
          triptych({"export", "--format", form, of, "--coroutine", coroutine});
      EXPECT_EQ(result.status, 2);
      EXPECT_EQ(result.out, "");
      return result.err;
    };
    EXPECT_THAT(
        refused("nosuch", trace),
        StartsWith("error: no recorded coroutine is of the function nosuch\nhint: it has "));
    EXPECT_THAT(refused("0", trace), StartsWith("error: no recorded coroutine is 0\n"));
    EXPECT_THAT(refused("1000000", trace), StartsWith("error: no recorded coroutine is 1000000\n"));
    EXPECT_THAT(refused("fetch", golden_trace("fork-cow")),
                StartsWith("error: the trace has no coroutines\nhint: record with --coroutines"));
  }
}

TEST_F(ExportCommand, SaysWhyAProfileHasNoFunctions) {
  const auto said = [](const std::string& profile, const std::string& trace) {
    const test::ProgramResult result =
        triptych({"export", "--format", "folded", "--profile", profile, trace});
    EXPECT_EQ(result.status, 0);
    return result.err;
  };
  EXPECT_EQ(said("on-cpu", golden_trace("threads")),
            "triptych: no functions: record with --stacks=on-cpu for them\n");
  EXPECT_EQ(said("off-cpu", golden_trace("stacks")), "");
  EXPECT_EQ(said("suspended", golden_trace("threads")),
            "triptych: no coroutine was seen; others need --coroutines uprobe:RUNTIME (triptych "
            "doctor -- COMMAND)\n");
  // What was asked for is known, where the trace tells it.
  std::string asked = content_of(golden_trace("threads"));
  const std::string plan = R"("plan":[)";
  ASSERT_NE(asked.find(plan), std::string::npos);
  asked.insert(asked.find(plan) + plan.size(),
               R"({"event":"on-cpu stacks","hook":"perf_event/cpu-clock","reason":""},)"
               R"({"event":"off-cpu stacks","hook":"tp_btf/sched_switch","reason":""},)");
  write_file(path("asked.txt"), asked);
  EXPECT_EQ(said("on-cpu", path("asked.txt")),
            "triptych: no functions: no sample fell on these threads\n");
  EXPECT_EQ(said("off-cpu", path("asked.txt")),
            "triptych: no functions: their stacks were lost, or could not be read\n");
  EXPECT_EQ(said("run-queue", path("asked.txt")),
            "triptych: no functions: record with --stacks=wakeup for them\n");
  std::string half = content_of(golden_trace("stacks"));
  ASSERT_NE(half.find(plan), std::string::npos);
  half.insert(half.find(plan) + plan.size(),
              R"({"event":"off-cpu stacks","hook":"tp_btf/sched_switch","reason":""},)");
  write_file(path("half.txt"), half);
  EXPECT_EQ(said("off-cpu", path("half.txt")), "");
  EXPECT_EQ(said("wakeup", path("half.txt")),
            "triptych: some functions are missing: record with --stacks=off-cpu,wakeup for them\n");
}

TEST_F(ExportCommand, WritesAFileWholeOrNotAtAll) {
  const std::string trace = golden_trace("threads");
  const test::ProgramResult printed = triptych({"export", "--format", "csv", trace});
  ASSERT_EQ(printed.status, 0);
  EXPECT_THAT(printed.out, StartsWith("kind,begin_ns,duration_ns,task,tid,tgid,comm,cpu,detail,"));
  const test::ProgramResult written =
      triptych({"export", "--format", "csv", trace, "-o", path("out.csv")});
  EXPECT_EQ(written.status, 0);
  EXPECT_EQ(written.out + written.err, "");
  EXPECT_EQ(content_of(path("out.csv")), printed.out);

  // A line that makes no sense, behind others that do.
  write_file(path("bad.txt"), content_of(trace) + "9000000000 cpu=0 task=2 nonsense\n");
  const test::ProgramResult bad =
      triptych({"export", "--format", "csv", path("bad.txt"), "-o", path("bad.csv")});
  EXPECT_EQ(bad.status, 2);
  EXPECT_THAT(bad.err, HasSubstr("nonsense"));
  const test::ProgramResult nowhere =
      triptych({"export", "--format", "csv", trace, "-o", path("no/out.csv")});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(nowhere.err, HasSubstr("No such file or directory\nhint: does its directory exist?"));
  const test::ProgramResult full =
      triptych({"export", "--format", "csv", trace, "-o", "/dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_EQ(full.err, "error: cannot write /dev/full: No space left on device\n");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    EXPECT_THAT(entry.path().filename().string(), testing::AnyOf("out.csv", "bad.txt"));
    ++files;
  }
  EXPECT_EQ(files, 2u);
}

TEST_F(ExportCommand, SaysWhatATraceLacks) {
  for (const std::string& name : {std::string("damaged"), std::string("cut")}) {
    const test::ProgramResult result = triptych({"export", "--format", "csv", golden_trace(name)});
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.err, StartsWith("triptych: the export is not complete: ")) << name;
    EXPECT_THAT(result.out, HasSubstr("\nunknown,")) << name;
  }
}

TEST_F(ExportCommand, KeepsEachRowInItsLineWhateverNamesThereAre) {
  const std::string trace = golden_trace("hostile-names");
  const test::ProgramResult csv = triptych({"export", "--format", "csv", trace});
  const test::ProgramResult jsonl = triptych({"export", "--format", "jsonl", trace});
  ASSERT_EQ(csv.status, 0);
  ASSERT_EQ(jsonl.status, 0);
  for (const std::string& text : {csv.out, jsonl.out}) {
    for (const char byte : text) {
      ASSERT_FALSE((byte >= 0 && byte < ' ' && byte != '\n') || byte == '\x7f');
    }
  }
  std::size_t rows = 0;
  std::istringstream lines(jsonl.out);
  for (std::string line; std::getline(lines, line); ++rows) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object());
  }
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), static_cast<long>(rows + 1));
}

TEST_F(ExportCommand, QuotesWhatCommaSeparatedValuesMustQuote) {
  write_file(
      path("trace.txt"),
      "# triptych text trace 1\n"
      "1000 cpu=0 task=2 task_seen how=launched tid=10 tgid=10 ns_tid=10 parent_tid=1 mm=1 "
      "comm=\"a,\\\"b\" start_boottime_ns=1\n"
      "3000 cpu=0 task=2 switch next=1 state=1 syscall=0 prev_seq=1 voluntary prev_target\n");
  const test::ProgramResult csv = triptych({"export", "--format", "csv", path("trace.txt")});
  EXPECT_EQ(csv.err, "");
  EXPECT_THAT(csv.out, HasSubstr("\nrunning,0,2000,2,10,10,\"a,\"\"b\",0,,,,,,,\n"));
}

}  // namespace
}  // namespace triptych
