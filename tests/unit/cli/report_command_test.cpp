// SPDX-License-Identifier: Apache-2.0
//
// report and dump on files of all sorts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

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

class ReportCommand : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  test::TemporaryDirectory directory_;
};

TEST_F(ReportCommand, TakesTheDefaultTraceOfTheDirectory) {
  const test::ProgramResult missing = triptych({"report"}, directory_.path());
  EXPECT_EQ(missing.status, 2);
  EXPECT_EQ(missing.err,
            "error: there is no triptych.tpt in this directory\n"
            "hint: name a trace, or record one: sudo triptych record -- COMMAND\n");
  std::filesystem::copy(golden_trace("marks"), path("triptych.tpt"));
  const test::ProgramResult found = triptych({"report"}, directory_.path());
  EXPECT_EQ(found.status, 0);
  EXPECT_THAT(found.out, StartsWith("triptych report: ./phases\n"));
}

TEST_F(ReportCommand, SaysWhyAFileCannotBeRead) {
  const test::ProgramResult missing = triptych({"report", "no.tpt"}, directory_.path());
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, StartsWith("error: "));
  EXPECT_THAT(missing.err, HasSubstr("no.tpt"));
  EXPECT_THAT(missing.err, HasSubstr("No such file or directory"));
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"report"}, std::vector<std::string>{"dump"}}) {
    write_file(path("foreign"), "PERFILE2 and more that is no trace at all");
    std::vector<std::string> arguments = command;
    arguments.push_back("foreign");
    const test::ProgramResult foreign = triptych(arguments, directory_.path());
    EXPECT_EQ(foreign.status, 2);
    EXPECT_EQ(foreign.out, "");
    EXPECT_THAT(foreign.err,
                StartsWith("error: foreign is a perf.data file, not a triptych trace\n"));
    EXPECT_THAT(foreign.err, HasSubstr("\nhint: "));
  }
}

TEST_F(ReportCommand, NamesTheLineOfATextTraceThatIsWrong) {
  write_file(path("bad.txt"), "# triptych text trace 1\n1000 cpu=0 task=2 swich next=1\n");
  const test::ProgramResult result = triptych({"report", "bad.txt"}, directory_.path());
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("line 2"));
  EXPECT_THAT(result.err, HasSubstr("swich"));
  EXPECT_EQ(result.out, "");
}

TEST_F(ReportCommand, ListsTheMarksWhenOneIsUnknown) {
  const test::ProgramResult result =
      triptych({"report", golden_trace("marks"), "--from-mark", "laod"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("laod"));
  EXPECT_THAT(result.err, HasSubstr("load"));
  EXPECT_THAT(result.err, HasSubstr("\nhint: "));
}

TEST_F(ReportCommand, SaysWhichProcessesThereAre) {
  const test::ProgramResult result =
      triptych({"report", golden_trace("vfork-exec"), "--process", "make"});
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err, "error: no recorded process is make\nhint: it has cc, sh\n");
}

TEST_F(ReportCommand, WritesAWholeFileOrNone) {
  const test::ProgramResult result = triptych(
      {"report", golden_trace("marks"), "--format", "json", "-o", "r.json"}, directory_.path());
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(nlohmann::json::parse(content_of(path("r.json")))["schema"], "triptych.report/1");

  write_file(path("bad.txt"), "# triptych text trace 1\n1000 cpu=0 task=2 swich next=1\n");
  EXPECT_EQ(triptych({"dump", "bad.txt", "-o", "r.json"}, directory_.path()).status, 2);
  EXPECT_EQ(nlohmann::json::parse(content_of(path("r.json")))["schema"], "triptych.report/1");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator(directory_.path())) {
    ++files;
  }
  EXPECT_EQ(files, 2u);  // nothing temporary is left behind
}

TEST_F(ReportCommand, DoesNotOverwriteTheTraceOrWriteThroughLinks) {
  std::filesystem::copy(golden_trace("marks"), path("t.tpt"));
  const std::string before = content_of(path("t.tpt"));
  const test::ProgramResult same =
      triptych({"report", "t.tpt", "-o", "./t.tpt"}, directory_.path());
  EXPECT_EQ(same.status, 2);
  EXPECT_EQ(same.err,
            "error: ./t.tpt is the trace itself: it is not overwritten\n"
            "hint: choose another name for -o\n");
  EXPECT_EQ(content_of(path("t.tpt")), before);
  write_file(path("other"), "kept");
  std::filesystem::create_symlink("other", path("link"));
  const test::ProgramResult link = triptych({"report", "t.tpt", "-o", "link"}, directory_.path());
  EXPECT_EQ(link.status, 2);
  EXPECT_EQ(link.err,
            "error: link is a symbolic link: it is not written through\n"
            "hint: name the file that it leads to\n");
  EXPECT_EQ(content_of(path("other")), "kept");
}

TEST_F(ReportCommand, SaysWhyItCannotWrite) {
  const test::ProgramResult missing =
      triptych({"report", golden_trace("marks"), "-o", "no/where"}, directory_.path());
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.err,
            "error: cannot write no/where: No such file or directory\n"
            "hint: does its directory exist?\n");
  const test::ProgramResult directory =
      triptych({"report", golden_trace("marks"), "-o", "."}, directory_.path());
  EXPECT_EQ(directory.status, 2);
  EXPECT_EQ(directory.err, "error: cannot write .: it is a directory\nhint: name a file in it\n");
  const test::ProgramResult full = triptych({"dump", golden_trace("marks"), "-o", "/dev/full"});
  EXPECT_EQ(full.status, 1);
  EXPECT_EQ(full.err, "error: cannot write /dev/full: No space left on device\n");
}

TEST_F(ReportCommand, RefusesAFileOfWhichNothingIsLeft) {
  std::ofstream(path("short.tpt"), std::ios::binary) << "\x89TPT\r\n\x1a\n" << std::string(2, '\1');
  const test::ProgramResult result = triptych({"report", "short.tpt"}, directory_.path());
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("short.tpt: nothing of this recording can be read"));
}

TEST_F(ReportCommand, StrictRefusesLossAndDamageOnly) {
  EXPECT_EQ(triptych({"report", "--strict", golden_trace("fork-cow")}).status, 0);
  const test::ProgramResult loss = triptych({"report", "--strict", golden_trace("loss")});
  EXPECT_EQ(loss.status, 4);
  EXPECT_THAT(loss.out, HasSubstr("Events were LOST"));
  EXPECT_EQ(triptych({"report", "--strict", golden_trace("cut")}).status, 4);
  EXPECT_EQ(triptych({"report", golden_trace("loss")}).status, 0);
}

TEST_F(ReportCommand, PrintsItsSchemaWithoutATrace) {
  const test::ProgramResult result = triptych({"report", "--schema"}, directory_.path());
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(nlohmann::json::parse(result.out)["title"], "triptych.report/1");
}

}  // namespace
}  // namespace triptych
