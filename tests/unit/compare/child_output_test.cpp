// SPDX-License-Identifier: Apache-2.0
#include "compare/child_output.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace triptych::compare {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(RunChild, KeepsBothStreamsAndTheStatus) {
  const auto output =
      run_child({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"}, {}, 20 * kSecond);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err, "err\n");
  EXPECT_EQ(output->exit_status, 3);
  EXPECT_FALSE(output->timed_out);
  EXPECT_GT(output->wall_ns, 0u);
}

TEST(RunChild, HasNothingToRead) {
  const auto output = run_child({"/bin/cat"}, {}, 20 * kSecond);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->exit_status, 0);
  EXPECT_EQ(output->out, "");
}

TEST(RunChild, EndsWhatTakesTooLong) {
  const auto output = run_child({"/bin/sh", "-c", "exec sleep 60"}, {}, kSecond / 5);
  ASSERT_TRUE(output.has_value());
  EXPECT_TRUE(output->timed_out);
  EXPECT_EQ(output->exit_status, 128 + 9);
}

TEST(RunChild, KeepsNoMoreThanItsLimit) {
  const auto output =
      run_child({"/bin/sh", "-c", "head -c 20000000 /dev/zero; echo done >&2"}, {}, 60 * kSecond);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->out.size(), std::size_t{8} << 20);
  EXPECT_EQ(output->err, "done\n") << "it could write all of it";
}

TEST(RunChild, MissingProgram) {
  const auto output = run_child({"/nonexistent/program"}, {}, kSecond * 20);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->exit_status, 127);
}

// What asks is the code of the workloads, in Python's words.
constexpr const char* kAsk =
    "import os, socket\n"
    "s = socket.socket(fileno=int(os.environ['TRIPTYCH_STAT_REFRESH_FD']))\n"
    "s.settimeout(10)\n"
    "for question in (b'?', b'?', b'x'):\n"
    "    s.send(question)\n"
    "    print(s.recv(1))\n";

TEST(RunChild, RefreshesTheStatisticsOnRequestAndDoesNothingElse) {
  ChildHelp help;
  help.refreshes_statistics = true;
  const auto output = run_child({"/usr/bin/python3", "-c", kAsk}, {}, 20 * kSecond, help);
  ASSERT_TRUE(output.has_value());
  const bool allowed = ::access("/proc/sys/vm/stat_refresh", W_OK) == 0;
  const std::string answer = allowed ? "b'1'\n" : "b'0'\n";
  EXPECT_EQ(output->out, answer + answer + "b''\n") << output->err;
}

TEST(RunChild, HasNobodyToAskUnlessItIsSaid) {
  const auto output =
      run_child({"/bin/sh", "-c", "echo ${TRIPTYCH_STAT_REFRESH_FD-none}"}, {}, 20 * kSecond);
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->out, "none\n");
}

TEST(ErrorOf, TakesOurOwnWords) {
  ChildOutput output;
  output.exit_status = 2;
  output.err = "note\nerror: too many units\nhint: take fewer\n";
  const Error error = error_of(output, "create process fork");
  EXPECT_EQ(error.message, "too many units");
  EXPECT_EQ(error.hint, "take fewer");
  output.err = "";
  EXPECT_EQ(error_of(output, "the run").message, "the run ended with status 2");
  output.exit_status = 139;
  EXPECT_EQ(error_of(output, "the run").message, "the run was ended by signal 11");
  output.timed_out = true;
  output.wall_ns = 2 * kSecond;
  EXPECT_EQ(error_of(output, "the run").message, "the run did not end within 2.00 s");
}

}  // namespace
}  // namespace triptych::compare
