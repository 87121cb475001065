// SPDX-License-Identifier: Apache-2.0
#include "launch/program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "support/temporary_directory.hpp"

namespace triptych::launch {
namespace {

class FindProgram : public testing::Test {
 protected:
  void add(const std::string& name, mode_t mode) {
    const int fd = ::open((directory_.path() + "/" + name).c_str(), O_CREAT | O_WRONLY, mode);
    ASSERT_GE(fd, 0);
    ::close(fd);
  }
  test::TemporaryDirectory directory_;
};

TEST_F(FindProgram, SearchesPathForBareNames) {
  add("tool", 0755);
  std::string found;
  EXPECT_EQ(find_program("tool", "/nowhere:" + directory_.path(), &found), 0);
  EXPECT_EQ(found, directory_.path() + "/tool");
  EXPECT_EQ(find_program("tool", "/nowhere"), ENOENT);
  EXPECT_EQ(find_program("tool", ""), ENOENT);
  EXPECT_EQ(find_program("", directory_.path()), ENOENT);
}

TEST_F(FindProgram, TakesNamesWithSlashAsTheyAre) {
  add("tool", 0755);
  EXPECT_EQ(find_program(directory_.path() + "/tool", ""), 0);
  EXPECT_EQ(find_program(directory_.path() + "/other", directory_.path()), ENOENT);
  EXPECT_EQ(find_program(directory_.path() + "/tool/deeper", ""), ENOTDIR);
}

TEST_F(FindProgram, RemembersThatOneWasRefused) {
  add("tool", 0644);
  EXPECT_EQ(find_program("tool", directory_.path() + ":/nowhere"), EACCES);
  EXPECT_EQ(find_program(directory_.path() + "/tool", ""), EACCES);
}

TEST_F(FindProgram, DoesNotTakeAClosedDirectoryForARefusal) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0700), 0);
  ASSERT_EQ(::seteuid(65534), 0);
  const int error = find_program("tool", directory_.path());
  ASSERT_EQ(::seteuid(0), 0);
  EXPECT_EQ(error, ENOENT);
}

TEST_F(FindProgram, GoesOnAfterARefusal) {
  add("tool", 0644);
  test::TemporaryDirectory second;
  const int fd = ::open((second.path() + "/tool").c_str(), O_CREAT | O_WRONLY, 0755);
  ASSERT_GE(fd, 0);
  ::close(fd);
  EXPECT_EQ(find_program("tool", directory_.path() + ":" + second.path()), 0);
}

TEST_F(FindProgram, ADirectoryIsNoProgram) {
  EXPECT_EQ(find_program(directory_.path(), ""), EACCES);
}

TEST(ExitStatusOfExecError, IsThatOfAShell) {
  EXPECT_EQ(exit_status_of_exec_error(ENOENT), 127);
  EXPECT_EQ(exit_status_of_exec_error(EACCES), 126);
  EXPECT_EQ(exit_status_of_exec_error(ENOEXEC), 126);
  EXPECT_EQ(exit_status_of_exec_error(ENOTDIR), 126);
}

}  // namespace
}  // namespace triptych::launch
