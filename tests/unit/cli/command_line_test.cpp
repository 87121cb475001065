// SPDX-License-Identifier: Apache-2.0
//
// Mistakes on the command line: the message, the hint and the status, exactly.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace triptych {
namespace {

using test::triptych;
using testing::HasSubstr;

struct Mistake {
  std::vector<std::string> arguments;
  std::string err;
  int status = 2;
};

class CommandLine : public testing::TestWithParam<Mistake> {};

TEST_P(CommandLine, ExplainsTheMistake) {
  const test::ProgramResult result = triptych(GetParam().arguments);
  EXPECT_EQ(result.err, GetParam().err);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, CommandLine,
    testing::Values(
        Mistake{{}, "error: a command is missing\nhint: triptych --help\n"},
        Mistake{{"reprot"},
                "error: unknown command reprot\n"
                "hint: did you mean report? (triptych --help)\n"},
        Mistake{{"conquer"}, "error: unknown command conquer\nhint: triptych --help\n"},
        Mistake{{"\033[2Jx"}, "error: unknown command \\x1b[2Jx\nhint: triptych --help\n"},
        Mistake{{"--versoin"},
                "error: unknown option --versoin\n"
                "hint: did you mean --version? (triptych --help)\n"},
        Mistake{{"report", "--fromat=json"},
                "error: unknown option --fromat\n"
                "hint: did you mean --format? (triptych report --help)\n"},
        Mistake{{"report", "--quite-another-thing"},
                "error: unknown option --quite-another-thing\nhint: triptych report --help\n"},
        Mistake{{"report", "a.tpt", "b.tpt"},
                "error: one argument too many: b.tpt\nhint: triptych report --help\n"},
        Mistake{
            {"report", "--format", "yaml"},
            "error: --format: yaml is none of text, html, json\nhint: triptych report --help\n"},
        Mistake{{"dump", "--format", "html"},
                "error: --format: html is none of text, json\nhint: triptych dump --help\n"},
        Mistake{
            {"report", "--sort", "size"},
            "error: --sort: size is none of on-cpu, runnable, blocked, switches, faults, start\n"
            "hint: triptych report --help\n"},
        Mistake{{"report", "--top", "many"},
                "error: --top: many is not a whole number from 0 to 1,000,000,000\n"
                "hint: triptych report --help\n"},
        Mistake{{"record", "--coroutines", "usdt:", "true"},
                "error: usdt: is without the file that describes the markers\n"
                "hint: `usdt` alone is for those of <triptych/usdt.h>; of others a file says what "
                "they mean: usdt:FILE\n"},
        Mistake{{"report", "--top", "-1"},
                "error: --top: -1 is not a whole number from 0 to 1,000,000,000\n"
                "hint: triptych report --help\n"},
        Mistake{{"report", "--tid", "abc"},
                "error: --tid: abc is not a whole number from 1 to 4,194,304\n"
                "hint: triptych report --help\n"},
        Mistake{{"report", "--tid=-5"},
                "error: --tid: -5 is not a whole number from 1 to 4,194,304\n"
                "hint: triptych report --help\n"},
        Mistake{{"report", "--tid", "1.5"},
                "error: --tid: 1.5 is not a whole number from 1 to 4,194,304\n"
                "hint: triptych report --help\n"},
        Mistake{{"report", "--tid"}, "error: --tid needs a value\nhint: triptych report --help\n"},
        Mistake{{"run", "cpu", "--model", "thread", "--iterations", "-1"},
                "error: --iterations: -1 is not a whole number from 1 to 1,000,000,000,000\n"
                "hint: triptych run --help\n"},
        Mistake{{"run", "cpu", "--model", "thread", "--warm-up=-1"},
                "error: --warm-up: -1 is not a whole number from 0 to 1,000,000,000,000\n"
                "hint: triptych run --help\n"},
        Mistake{{"run", "cpu", "--model", "thread", "--pin", "-1"},
                "error: --pin: -1 is not a whole number from 0 to 8,192\n"
                "hint: triptych run --help\n"},
        Mistake{{"run", "cpu", "--model", "thread", "--seconds", "-1"},
                "error: --seconds: -1 is not a number of seconds from 0.001 to 86,400\n"
                "hint: triptych run --help\n"},
        Mistake{{"compare", "--repetitions", "-1"},
                "error: --repetitions: -1 is not a whole number from 0 to 1,000\n"
                "hint: triptych compare --help\n"}));

TEST(CommandLineHelp, HasExamplesAndStatuses) {
  const test::ProgramResult result = triptych({"--help"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("Examples:\n  sudo triptych record -- make -j4"));
  EXPECT_THAT(result.out, HasSubstr("Exit status: 0 done, 1 failed, 2 wrong usage"));
  for (const char* command : {"report", "dump"}) {
    const test::ProgramResult help = triptych({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_THAT(help.out, HasSubstr(std::string("Examples:\n  triptych ") + command));
    EXPECT_THAT(help.out, HasSubstr("(default: triptych.tpt)"));
  }
}

TEST(CommandLineVersion, IsOneLine) {
  const test::ProgramResult result = triptych({"--version"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "triptych 0.1.0\n");
}

TEST(CommandLineColours, AreNotForFiles) {
  const test::ProgramResult result = test::run_program(
      {TRIPTYCH_PROGRAM, "report", test::golden_trace("loss")}, {}, {"TERM=xterm"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out.find('\033'), std::string::npos);
}

}  // namespace
}  // namespace triptych
