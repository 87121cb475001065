// SPDX-License-Identifier: Apache-2.0
#include "base/proc_status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace triptych {
namespace {

TEST(ProcStatus, OfATaskThatIsThere) {
  EXPECT_EQ(proc_status(0, "Pid"), std::to_string(::getpid()));
  EXPECT_EQ(proc_status(::getpid(), "Pid"), std::to_string(::getpid()));
  EXPECT_FALSE(proc_status(0, "Pi"));
  EXPECT_FALSE(proc_status(0, "NoSuchField"));
}

TEST(ProcStatus, TheLastNumber) {
  EXPECT_EQ(last_number("4711"), 4711u);
  EXPECT_EQ(last_number("4711\t12\t1"), 1u);
  EXPECT_EQ(last_number("0 4294967295"), 4294967295u);
}

TEST(ProcStatus, NoneOfADamagedList) {
  for (const char* text : {"", " ", "\t1", "1\t", "1\t\t2", "-1", "+1", "1\tx", "x\t1", "1x\t2",
                           "4294967296", "1\t99999999999999999999", "0x10", "1\n2", "1,2"}) {
    EXPECT_FALSE(last_number(text)) << text;
  }
  EXPECT_FALSE(last_number(std::string_view("1\0", 2)));
}

}  // namespace
}  // namespace triptych
