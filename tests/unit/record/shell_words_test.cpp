// SPDX-License-Identifier: Apache-2.0
#include "record/shell_words.hpp"

#include <gtest/gtest.h>

namespace triptych::record {
namespace {

TEST(ShellWord, IsBareWhenHarmless) {
  EXPECT_EQ(shell_word("triptych.tpt"), "triptych.tpt");
  EXPECT_EQ(shell_word("--duration=10s"), "--duration=10s");
  EXPECT_EQ(shell_word("/tmp/a_b+c@d:e,f%"), "/tmp/a_b+c@d:e,f%");
}

TEST(ShellWord, QuotesWhatAShellWouldTouch) {
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("$(rm x)"), "'$(rm x)'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("~"), "'~'");
}

TEST(ShellWord, CannotMoveACursor) {
  EXPECT_EQ(shell_word("a\033[2J"), "$'a\\x1b[2J'");
  EXPECT_EQ(shell_word("it's\n"), "$'it\\'s\\n'");
}

TEST(ShellWords, AreJoinedByBlanks) {
  EXPECT_EQ(shell_words({"triptych", "record", "--", "sh", "-c", "exit 1"}),
            "triptych record -- sh -c 'exit 1'");
  EXPECT_EQ(shell_words({}), "");
}

}  // namespace
}  // namespace triptych::record
