// SPDX-License-Identifier: Apache-2.0
#include "base/process_root.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.hpp"

namespace triptych {
namespace {

std::string content(const UniqueFd& file) {
  char bytes[64];
  const ssize_t got = ::read(file.get(), bytes, sizeof bytes);
  return {bytes, got > 0 ? static_cast<std::size_t>(got) : 0};
}

TEST(ProcessRoot, LinksLeadNoFartherThanIt) {
  const test::TemporaryDirectory directory;
  const std::string ours = directory.path() + "/ours", theirs = directory.path() + "/root";
  ASSERT_TRUE(std::filesystem::create_directories(theirs + directory.path()));
  std::ofstream(ours) << "ours";
  std::ofstream(theirs + ours) << "theirs";
  std::filesystem::create_symlink(ours, theirs + "/absolute");
  std::filesystem::create_symlink("../../../../../.." + ours, theirs + "/up");
  std::filesystem::create_symlink("/proc/self/exe", theirs + "/magic");
  const UniqueFd root(::open(theirs.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (const char* link : {"/absolute", "up"}) {
    const UniqueFd file = open_in_root(root, link, O_RDONLY);
    ASSERT_TRUE(file) << link;
    EXPECT_EQ(content(file), "theirs") << link;
    EXPECT_EQ(content(UniqueFd(::open((theirs + "/" + link).c_str(), O_RDONLY | O_CLOEXEC))),
              "ours");
  }
  EXPECT_FALSE(open_in_root(root, "magic", O_RDONLY));
  EXPECT_FALSE(open_in_root(root, "/nothing", O_RDONLY));
}

TEST(ProcessRoot, OfOurselvesIsOurs) {
  struct stat own {
  }, same{};
  ASSERT_EQ(::stat("/", &own), 0);
  ASSERT_EQ(::fstat(root_of_process(::getpid()).get(), &same), 0);
  EXPECT_EQ(own.st_ino, same.st_ino);
}

}  // namespace
}  // namespace triptych
