// SPDX-License-Identifier: Apache-2.0
#include "record/output_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/temporary_directory.hpp"
#include "trace/format.hpp"

namespace triptych::record {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr uid_t kUser = 54321;
constexpr uid_t kOther = 54322;

const std::string_view kMagic(reinterpret_cast<const char*>(trace::kFileMagic),
                              sizeof(trace::kFileMagic));

class OutputFileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return directory_.path() + "/" + name;
  }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name)) << text;
  }
  void write_trace(const std::string& name, std::string_view rest) const {
    write(name, std::string(kMagic) + std::string(rest));
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(directory_.path())) {
      all.push_back(entry.path().filename());
    }
    return all;
  }
  static launch::User ourselves() { return *launch::user_by_id(::geteuid(), ::getegid()); }

  // Why `name` is refused for `owner`; the directory must stay as it is.
  [[nodiscard]] std::string refusal(const std::string& name,
                                    const launch::User& owner = ourselves()) const {
    const auto before = names();
    const auto file = OutputFile::create(path(name), owner);
    EXPECT_THAT(names(), testing::UnorderedElementsAreArray(before));
    return file ? "not refused" : file.error().message;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(OutputFileTest, AppearsOnlyWhenItIsPublished) {
  auto file = OutputFile::create(path("new.tpt"), ourselves());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_FALSE(fs::exists(path("new.tpt")));
  EXPECT_THAT(names(), testing::IsEmpty());  // whoever is killed now leaves nothing behind
  auto end = file->writing_end();
  ASSERT_TRUE(end);
  ASSERT_EQ(::write(end->get(), "events", 6), 6);
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(read("new.tpt"), "events");
  struct stat status {};
  ASSERT_EQ(::stat(path("new.tpt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
  EXPECT_EQ(status.st_nlink, 1u);
  EXPECT_THAT(names(), testing::ElementsAre("new.tpt"));
}

TEST_F(OutputFileTest, LeavesNothingBehindWhenItIsNot) {
  write_trace("old.tpt", "first");
  ASSERT_TRUE(OutputFile::create(path("old.tpt"), ourselves()));
  EXPECT_THAT(names(), testing::ElementsAre("old.tpt"));
}

TEST_F(OutputFileTest, KeepsAnEarlierTraceAsOld) {
  write_trace("a.tpt", "second");
  write_trace("a.tpt.old", "first");
  auto file = OutputFile::create(path("a.tpt"), ourselves());
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->publish());
  EXPECT_EQ(read("a.tpt"), "");
  EXPECT_THAT(read("a.tpt.old"), testing::EndsWith("second"));
  EXPECT_THAT(names(), testing::UnorderedElementsAre("a.tpt", "a.tpt.old"));
}

TEST_F(OutputFileTest, RefusesWhatIsNotATrace) {
  write("text", "to be kept");
  write("empty", "");
  write("short", kMagic.substr(0, 3));
  ASSERT_EQ(::mkdir(path("directory").c_str(), 0755), 0);
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(refusal("text"), path("text") + " exists and is not a trace: it will not be touched");
  EXPECT_EQ(refusal("empty"), path("empty") + " exists and is not a trace: it will not be touched");
  EXPECT_EQ(refusal("short"), path("short") + " exists and is not a trace: it will not be touched");
  EXPECT_EQ(refusal("directory"), path("directory") + " is a directory: it will not be touched");
  EXPECT_EQ(refusal("pipe"), path("pipe") + " exists and is not a trace: it will not be touched");
  EXPECT_EQ(read("text"), "to be kept");
}

TEST_F(OutputFileTest, RefusesToReplaceAnOldThatIsNotATrace) {
  write_trace("a.tpt", "");
  write("a.tpt.old", "somebody's notes");
  EXPECT_EQ(refusal("a.tpt"),
            path("a.tpt.old") + " exists and is not a trace: it will not be touched");
}

TEST_F(OutputFileTest, RefusesNamesOfNoFile) {
  for (const std::string name : {"", "/", ".", "..", "sub/", "sub/.."}) {
    const auto file = OutputFile::create(directory_.path() + "/" + name, ourselves());
    ASSERT_FALSE(file) << name;
    EXPECT_THAT(file.error().message, HasSubstr("does not name a file")) << name;
  }
  EXPECT_FALSE(OutputFile::create("", ourselves()));
}

TEST_F(OutputFileTest, RefusesASymbolicLinkEvenToATrace) {
  write_trace("trace", "");
  ASSERT_EQ(::symlink("trace", path("link").c_str()), 0);
  ASSERT_EQ(::symlink("nothing", path("dangling").c_str()), 0);
  EXPECT_EQ(refusal("link"), path("link") + " is a symbolic link: it will not be touched");
  EXPECT_EQ(refusal("dangling"), path("dangling") + " is a symbolic link: it will not be touched");
}

TEST_F(OutputFileTest, SaysWhichDirectoryIsMissing) {
  EXPECT_EQ(refusal("missing/a.tpt"),
            "cannot open the directory " + path("missing/") + ": No such file or directory");
  write("file", "");
  EXPECT_EQ(refusal("file/a.tpt"),
            "cannot open the directory " + path("file/") + ": Not a directory");
}

TEST_F(OutputFileTest, FollowsOurOwnDirectoryLinks) {
  ASSERT_EQ(::mkdir(path("real").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("real", path("relative").c_str()), 0);
  ASSERT_EQ(::symlink(path("relative").c_str(), path("absolute").c_str()), 0);
  auto file = OutputFile::create(path("absolute/../absolute/a.tpt"), ourselves());
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->publish());
  EXPECT_TRUE(fs::exists(path("real/a.tpt")));
  ASSERT_EQ(::symlink("loop", path("loop").c_str()), 0);
  EXPECT_THAT(refusal("loop/a.tpt"), HasSubstr("Too many levels of symbolic links"));
}

TEST_F(OutputFileTest, DoesNotOverwriteWhatAppearsMeanwhile) {
  auto file = OutputFile::create(path("a.tpt"), ourselves());
  ASSERT_TRUE(file);
  write("a.tpt", "just written by somebody");
  const auto published = file->publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().message,
            path("a.tpt") + " exists and is not a trace: it will not be touched");
  EXPECT_EQ(read("a.tpt"), "just written by somebody");
}

class OutputFileAsRoot : public OutputFileTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    ASSERT_EQ(::chmod(directory_.path().c_str(), 01777), 0);
    user_ = *launch::user_by_id(kUser, kUser);
  }
  launch::User user_;
};

TEST_F(OutputFileAsRoot, BelongsToTheUser) {
  auto file = OutputFile::create(path("a.tpt"), user_);
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->publish());
  struct stat status {};
  ASSERT_EQ(::stat(path("a.tpt").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, kUser);
  EXPECT_EQ(status.st_gid, kUser);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

TEST_F(OutputFileAsRoot, GoesOnlyWhereTheUserMayWrite) {
  ASSERT_EQ(::mkdir(path("roots").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(path("closed").c_str(), 0700), 0);
  EXPECT_EQ(refusal("roots/a.tpt", user_),
            "cannot create " + path("roots/a.tpt") + ": Permission denied");
  EXPECT_EQ(refusal("closed/a.tpt", user_),
            "cannot create " + path("closed/a.tpt") + ": Permission denied");
}

TEST_F(OutputFileAsRoot, RefusesTracesOfOthers) {
  write_trace("a.tpt", "");
  ASSERT_EQ(::chown(path("a.tpt").c_str(), kOther, kOther), 0);
  EXPECT_EQ(refusal("a.tpt", user_),
            path("a.tpt") + " belongs to another user (uid 54322): it will not be touched");
  EXPECT_EQ(refusal("a.tpt"),
            path("a.tpt") + " belongs to another user (uid 54322): it will not be touched");
}

TEST_F(OutputFileAsRoot, DoesNotWalkThroughLinksOfOthers) {
  ASSERT_EQ(::mkdir(path("mine").c_str(), 0755), 0);
  ASSERT_EQ(::chown(path("mine").c_str(), kUser, kUser), 0);
  ASSERT_EQ(::symlink("mine", path("trap").c_str()), 0);
  ASSERT_EQ(::lchown(path("trap").c_str(), kOther, kOther), 0);
  EXPECT_EQ(refusal("trap/a.tpt", user_),
            "a part of " + path("trap/") +
                " is a symbolic link that belongs to another user (uid 54322)");
  ASSERT_EQ(::lchown(path("trap").c_str(), kUser, kUser), 0);
  EXPECT_TRUE(OutputFile::create(path("trap/a.tpt"), user_));
}

}  // namespace
}  // namespace triptych::record
