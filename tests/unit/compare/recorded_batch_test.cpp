// SPDX-License-Identifier: Apache-2.0
#include "compare/recorded_batch.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "compare/child_output.hpp"

namespace triptych::compare {
namespace {

TEST(DriverScript, QuotesEveryWord) {
  EXPECT_EQ(driver_script("/opt/tri ptych", {{"/bin/cell", "a=b c", "it's"}, {"/bin/cell"}}),
            "'/opt/tri ptych' mark cell-0\n"
            "'/bin/cell' 'a=b c' 'it'\\''s' 2>&1\n"
            "echo \"=== cell 0 $?\"\n"
            "'/opt/tri ptych' mark cell-1\n"
            "'/bin/cell' 2>&1\n"
            "echo \"=== cell 1 $?\"\n");
}

TEST(SplitOutput, WhatAShellSays) {
  const auto output =
      run_child({"/bin/sh", "-c",
                 driver_script("/bin/true",
                               {{"/bin/echo", "{}"}, {"/bin/sh", "-c", "echo bad >&2; exit 3"}})},
                {}, 20'000'000'000);
  ASSERT_TRUE(output.has_value());
  const std::vector<CellOutput> cells = split_output(output->out, 3);
  ASSERT_EQ(cells.size(), 3u);
  EXPECT_EQ(cells[0].exit_status, 0);
  EXPECT_EQ(cells[0].text, "{}\n");
  EXPECT_EQ(cells[1].exit_status, 3);
  EXPECT_EQ(cells[1].text, "bad\n");
  EXPECT_EQ(cells[2].exit_status, -1) << "it did not run";
}

TEST(TraceDirectory, TemporaryOnesGo) {
  std::string path;
  {
    const auto directory = TraceDirectory::open("", {});
    ASSERT_TRUE(directory.has_value());
    path = directory->path();
    EXPECT_FALSE(directory->kept());
    std::ofstream(path + "/x.tpt") << "x";
  }
  struct stat status {};
  EXPECT_NE(::stat(path.c_str(), &status), 0);
}

TEST(TraceDirectory, KeptOnesStay) {
  char pattern[] = "/tmp/triptych-unit-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern), nullptr);
  const std::string path = std::string(pattern) + "/traces";
  {
    const auto directory = TraceDirectory::open(path, {});
    ASSERT_TRUE(directory.has_value());
    EXPECT_TRUE(directory->kept());
    EXPECT_TRUE(TraceDirectory::open(path, {}).has_value()) << "it may be there already";
  }
  EXPECT_EQ(::rmdir(path.c_str()), 0);
  std::ofstream(path) << "a file";
  EXPECT_FALSE(TraceDirectory::open(path, {}).has_value());
  ::unlink(path.c_str());
  ::rmdir(pattern);
}

}  // namespace
}  // namespace triptych::compare
