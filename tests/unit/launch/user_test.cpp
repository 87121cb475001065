// SPDX-License-Identifier: Apache-2.0
#include "launch/user.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "support/temporary_directory.hpp"

namespace triptych::launch {
namespace {

constexpr uid_t kNobodysUid = 54321;  // has no entry in any user database

class CallingUser : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("SUDO_UID");
    ::unsetenv("SUDO_GID");
  }
  void TearDown() override { SetUp(); }
  static void need_root() {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
};

TEST_F(CallingUser, IsOurselvesWithoutSudo) {
  const auto user = calling_user();
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, ::geteuid());
}

TEST_F(CallingUser, IsWhoCalledSudo) {
  need_root();
  if (IsSkipped()) return;
  ::setenv("SUDO_UID", "54321", 1);
  ::setenv("SUDO_GID", "65432", 1);
  const auto user = calling_user();
  ASSERT_TRUE(user);
  EXPECT_EQ(user->uid, kNobodysUid);
  EXPECT_EQ(user->gid, 65432u);
  EXPECT_THAT(user->groups, testing::ElementsAre(65432u));
  EXPECT_EQ(user->name, "54321");
  EXPECT_EQ(user->home, "/");
}

TEST_F(CallingUser, RefusesWhatIsNoId) {
  need_root();
  if (IsSkipped()) return;
  for (const char* text : {"", "alice", "-1", "4294967295", "1x", " 1", "99999999999"}) {
    ::setenv("SUDO_UID", text, 1);
    const auto user = calling_user();
    ASSERT_FALSE(user) << text;
    EXPECT_THAT(user.error().message, testing::StartsWith("SUDO_UID is ")) << text;
  }
  ::setenv("SUDO_UID", "54321", 1);
  ::setenv("SUDO_GID", "staff", 1);
  const auto user = calling_user();
  ASSERT_FALSE(user);
  EXPECT_EQ(user.error().message, "SUDO_GID is staff, which is not an id");
}

TEST_F(CallingUser, OthersCannotClaimToBeSomebodyElse) {
  if (::geteuid() == 0) {
    ::setenv("SUDO_UID", "54321", 1);
    ASSERT_EQ(::seteuid(65534), 0);
    const auto user = calling_user();
    ASSERT_EQ(::seteuid(0), 0);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->uid, 65534u);
  } else {
    ::setenv("SUDO_UID", "0", 1);
    const auto user = calling_user();
    ASSERT_TRUE(user);
    EXPECT_EQ(user->uid, ::geteuid());
  }
}

TEST(UserByName, KnowsRootAndRefusesNames) {
  const auto root = user_by_name("root");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->uid, 0u);
  EXPECT_EQ(root->gid, 0u);
  EXPECT_EQ(root->home, "/root");
  EXPECT_THAT(root->groups, testing::Contains(0u));

  const auto nobody = user_by_name("no such user");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().message, "there is no user \"no such user\"");
  EXPECT_EQ(nobody.error().code, ErrorCode::kUsage);
}

TEST(FileRightsOf, AreThoseOfTheUserAndEndWithTheScope) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  test::TemporaryDirectory directory;
  const std::string closed = directory.path() + "/closed";
  ASSERT_EQ(::mkdir(closed.c_str(), 0700), 0);
  ASSERT_EQ(::chmod(directory.path().c_str(), 0777), 0);
  const auto user = user_by_id(kNobodysUid, kNobodysUid);
  ASSERT_TRUE(user);
  {
    const auto rights = FileRightsOf::take(*user);
    ASSERT_TRUE(rights);
    errno = 0;
    EXPECT_LT(::open((closed + "/file").c_str(), O_CREAT | O_WRONLY, 0600), 0);
    EXPECT_EQ(errno, EACCES);
    const int fd = ::open((directory.path() + "/file").c_str(), O_CREAT | O_WRONLY, 0600);
    ASSERT_GE(fd, 0);
    struct stat status {};
    ASSERT_EQ(::fstat(fd, &status), 0);
    EXPECT_EQ(status.st_uid, kNobodysUid);
    EXPECT_EQ(status.st_gid, kNobodysUid);
    ::close(fd);
  }
  const int fd = ::open((closed + "/file").c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_GE(fd, 0);
  struct stat status {};
  ASSERT_EQ(::fstat(fd, &status), 0);
  EXPECT_EQ(status.st_uid, 0u);
  ::close(fd);
}

}  // namespace
}  // namespace triptych::launch
