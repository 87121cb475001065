// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/jit_names.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "decode/decode.hpp"
#include "support/temporary_directory.hpp"

namespace triptych::symbol::capture {
namespace {

class JitNamesOfAPlace : public testing::Test {
 protected:
  // "NAME@START+SIZE" of each line that is passed.
  std::vector<std::string> names() {
    refusal_.clear();
    std::vector<std::string> names;
    const JitPlace place{
        7, ::geteuid(),
        UniqueFd(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
    const auto taken =
        read_jit_names(place, refusal_, [&](const PerfMapLine& line) -> Result<void> {
          names.push_back(std::string(line.name) + "@" + std::to_string(line.start) + "+" +
                          std::to_string(line.size));
          return {};
        });
    EXPECT_TRUE(taken);
    return names;
  }
  using Names = std::vector<std::string>;

  const test::TemporaryDirectory directory_;
  const std::string map_ = directory_.path() + "/perf-7.map";
  std::string refusal_;
};

TEST_F(JitNamesOfAPlace, LinesThatAreWhole) {
  std::ofstream(map_) << "1000 10 first\nbad line\n2000 20 second one\n3000 30 about to be wri";
  EXPECT_EQ(names(), (Names{"first@4096+16", "second one@8192+32"}));
  EXPECT_EQ(refusal_, "");
}

TEST_F(JitNamesOfAPlace, NoneIsNothingToSpeakOf) {
  EXPECT_EQ(names(), Names());
  EXPECT_EQ(refusal_, "");
}

TEST_F(JitNamesOfAPlace, NoLinkIsFollowed) {
  std::ofstream(directory_.path() + "/elsewhere") << "1000 10 secret\n";
  std::filesystem::create_symlink(directory_.path() + "/elsewhere", map_);
  EXPECT_EQ(names(), Names());
  EXPECT_EQ(refusal_, "it is a link");
  std::filesystem::remove(map_);
  std::filesystem::create_symlink("elsewhere", map_);
  EXPECT_EQ(names(), Names());
  EXPECT_EQ(refusal_, "it is a link");
}

TEST_F(JitNamesOfAPlace, WhatIsNoFileIsNotOpened) {
  ASSERT_EQ(::mkfifo(map_.c_str(), 0600), 0);
  EXPECT_EQ(names(), Names());  // and it did not wait
  EXPECT_EQ(refusal_, "it is no regular file");
  std::filesystem::remove(map_);
  std::filesystem::create_directory(map_);
  EXPECT_EQ(names(), Names());
  EXPECT_EQ(refusal_, "it is no regular file");
}

TEST_F(JitNamesOfAPlace, WhatOthersOwnIsNotOpened) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a file away";
  std::ofstream(map_) << "1000 10 theirs\n";
  ASSERT_EQ(::chown(map_.c_str(), 65534, 65534), 0);
  EXPECT_EQ(names(), Names());
  EXPECT_EQ(refusal_, "it belongs to user 65534, the process is user 0's");
}

TEST_F(JitNamesOfAPlace, OfALargeFileOnlyTheBeginningIsRead) {
  std::ofstream(map_) << "1000 10 first\n";
  std::filesystem::resize_file(map_, kLargestPerfMap + (1 << 20));
  std::ofstream(map_, std::ios::app) << "\n2000 20 too far\n";
  EXPECT_EQ(names(), (Names{"first@4096+16"}));
  EXPECT_EQ(refusal_, "only its first 32.0 MiB are");
}

TEST_F(JitNamesOfAPlace, AnErrorOfWhoTakesThemEndsIt) {
  std::ofstream(map_) << "1000 10 first\n2000 20 second\n";
  const JitPlace place{7, ::geteuid(),
                       UniqueFd(::open(directory_.path().c_str(), O_PATH | O_DIRECTORY))};
  int calls = 0;
  const auto taken = read_jit_names(place, refusal_, [&](const PerfMapLine&) -> Result<void> {
    ++calls;
    return fail("full");
  });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().message, "full");
  EXPECT_EQ(calls, 1);
}

TEST(JitNames, ARecordHasWhatTheLineHas) {
  const std::string name(2000, 'n');
  model::Event event;
  ASSERT_EQ(decode::decode(record_of({0x1000, 0x20, "made"}, 4711, 99), event),
            decode::Status::kOk);
  EXPECT_EQ(event.ts_ns, 99u);
  model::JitSymbol expected{.address = 0x1000, .size = 0x20, .tgid = 4711};
  expected.name.assign("made");
  EXPECT_EQ(std::get<model::JitSymbol>(event.payload), expected);
  ASSERT_EQ(decode::decode(record_of({1, 2, name}, 4711, 99), event), decode::Status::kOk);
  EXPECT_EQ(std::get<model::JitSymbol>(event.payload).name.view(), name.substr(0, 984));
}

// Who has our /tmp and is called there as here is looked for afterwards.
TEST(JitNames, OfOurOwnKindNothingIsRead) {
  const std::string map = "/tmp/perf-" + std::to_string(::getpid()) + ".map";
  std::ofstream(map) << "1000 10 own\n";
  JitNames names;
  names.note(::getpid());
  const auto collected = names.collect_all([](model::Tid, const PerfMapLine&) -> Result<void> {
    ADD_FAILURE();
    return {};
  });
  EXPECT_TRUE(collected);
  EXPECT_TRUE(names.take_news().empty());
  std::filesystem::remove(map);
}

}  // namespace
}  // namespace triptych::symbol::capture
