// SPDX-License-Identifier: Apache-2.0
#include "workloads/cow/cow.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "base/unique_fd.hpp"
#include "cells.hpp"
#include "support/temporary_directory.hpp"

namespace triptych::workloads {
namespace {

using cow::Backing;
using cow::Memory;
using cow::Plan;

Plan of_anonymous(std::uint64_t pages, const cow::Shares& shares) {
  return Plan::make(pages, shares, Backing::kAnonymous, Memory::kOfEach);
}

constexpr std::uint64_t kPercent = 10'000;  // in millionths

TEST(CowPlanTest, SpreadsTheChildsPagesEvenly) {
  for (const std::uint64_t share : {1u, 10u, 25u, 33u, 50u, 99u, 100u}) {
    const Plan plan = of_anonymous(4096, {share * kPercent, 0, 0});
    const std::uint64_t wanted = (4096 * share + 50) / 100;
    ASSERT_EQ(plan.child.size(), wanted) << share;
    EXPECT_EQ(plan.copies, wanted);
    std::uint64_t narrowest = 4096;
    std::uint64_t widest = 0;
    for (std::size_t i = 1; i < plan.child.size(); ++i) {
      narrowest = std::min<std::uint64_t>(narrowest, plan.child[i] - plan.child[i - 1]);
      widest = std::max<std::uint64_t>(widest, plan.child[i] - plan.child[i - 1]);
    }
    if (wanted > 1) {
      EXPECT_LE(widest - narrowest, 1u) << share;
    }
    EXPECT_LT(plan.child.back(), 4096u);
  }
}

TEST(CowPlanTest, TheCreatorTakesFirstWhatTheChildLeaves) {
  const Plan plan = of_anonymous(1000, {25 * kPercent, 50 * kPercent, 0});
  EXPECT_EQ(plan.during.size(), 500u);
  std::set<std::uint32_t> all(plan.child.begin(), plan.child.end());
  all.insert(plan.during.begin(), plan.during.end());
  EXPECT_EQ(all.size(), 750u);
  EXPECT_EQ(plan.copies, 750u);
}

TEST(CowPlanTest, WhoIsLeftAloneWithAPageDoesNotCopyIt) {
  const Plan plan = of_anonymous(1000, {75 * kPercent, 50 * kPercent, 100 * kPercent});
  EXPECT_EQ(plan.child.size(), 750u);
  EXPECT_EQ(plan.during.size(), 500u);
  EXPECT_EQ(plan.after.size(), 1000u);
  EXPECT_EQ(plan.copies, 1000u);
  EXPECT_TRUE(std::is_sorted(plan.during.begin(), plan.during.end()));
}

TEST(CowPlanTest, APageOfAFileIsCopiedByEachMemory) {
  const auto copies = [](const cow::Shares& shares, Memory memory) {
    return Plan::make(1000, shares, Backing::kFile, memory).copies;
  };
  constexpr std::uint64_t kHalf = 50 * kPercent;
  constexpr std::uint64_t kAll = 100 * kPercent;
  EXPECT_EQ(copies({kHalf, kAll, 0}, Memory::kOfEach), 1500u);
  EXPECT_EQ(copies({kHalf, 0, kAll}, Memory::kOfEach), 1500u);
  EXPECT_EQ(copies({kHalf, kAll, kAll}, Memory::kOfEach), 1500u);
  EXPECT_EQ(copies({kHalf, 0, 0}, Memory::kOfBoth), 500u);
  EXPECT_EQ(copies({kHalf, kHalf, 0}, Memory::kOfBoth), 1000u) << "the creator takes the others";
  EXPECT_EQ(copies({kHalf, 0, kHalf}, Memory::kOfBoth), 500u) << "the same pages";
  EXPECT_EQ(copies({0, 0, 0}, Memory::kOfBoth), 0u);
}

TEST(CowPlanTest, WhatStaysInTheCreatorsMemoryHasToBePutBack) {
  const auto needs = [](const cow::Shares& shares, Backing backing, Memory memory) {
    return Plan::make(1000, shares, backing, memory).needs_restoring;
  };
  EXPECT_FALSE(needs({kPercent, kPercent, 0}, Backing::kAnonymous, Memory::kOfEach));
  EXPECT_FALSE(needs({kPercent, 0, 0}, Backing::kFile, Memory::kOfEach));
  EXPECT_TRUE(needs({kPercent, kPercent, 0}, Backing::kFile, Memory::kOfEach));
  EXPECT_TRUE(needs({kPercent, 0, 0}, Backing::kFile, Memory::kOfBoth));
}

TEST(CowPlanTest, NothingIsWrittenByNobody) {
  const Plan plan = of_anonymous(1, {0, 0, 0});
  EXPECT_TRUE(plan.child.empty());
  EXPECT_TRUE(plan.during.empty());
  EXPECT_TRUE(plan.after.empty());
  EXPECT_EQ(plan.copies, 0u);
}

std::unique_ptr<Cell> run_cow(Model model, std::string_view variant,
                              std::vector<std::string> settings) {
  settings.insert(settings.begin(), "resident=4M");
  Result<std::unique_ptr<Cell>> cell = make_cell("cow", model, variant, settings);
  if (!cell) {
    ADD_FAILURE() << cell.error().message;
    return nullptr;
  }
  EXPECT_TRUE((*cell)->run(0));
  for (int operation = 0; operation < 5; ++operation) {
    if ((*cell)->needs_restoring()) (*cell)->restore();
    const Result<void> done = (*cell)->run(1);
    EXPECT_TRUE(done) << done.error().message;
  }
  return std::move(*cell);
}

// Each write of a page that both have is one fault of the writer, and nothing else is.
TEST(CowTest, AChildFaultsOncePerPage) {
  const auto cell = run_cow(Model::kProcess, "fork", {"child=25%", "during=50%", "after=100%"});
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(metric(*cell, "pages"), 1024);
  EXPECT_EQ(metric(*cell, "copies_expected"), 768);
  EXPECT_EQ(metric(*cell, "child_pages"), 256);
  EXPECT_EQ(metric(*cell, "child_faults"), 256);
  EXPECT_EQ(metric(*cell, "during_pages"), 512);
  EXPECT_EQ(metric(*cell, "during_faults"), 512);
  // What the creator has copied is its own already.
  EXPECT_EQ(metric(*cell, "after_pages"), 1024);
  EXPECT_EQ(metric(*cell, "after_faults"), 512);
}

TEST(CowTest, SoItIsWithAPrivateMappingOfAFile) {
  const auto cell = run_cow(Model::kProcess, "fork", {"memory=file", "child=100%"});
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(metric(*cell, "child_faults"), 1024);
  EXPECT_EQ(metric(*cell, "copies_expected"), 1024);
  // The pages of the file are what each operation begins with.
  const auto both = run_cow(Model::kProcess, "fork", {"memory=file", "during=25%", "after=50%"});
  ASSERT_NE(both, nullptr);
  EXPECT_EQ(metric(*both, "child_faults"), 512);
  EXPECT_EQ(metric(*both, "during_faults"), 256);
  EXPECT_EQ(metric(*both, "copies_expected"), 512 + 256 + metric(*both, "after_faults"));
}

TEST(CowTest, SoItIsWithHugePages) {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string enabled;
  std::getline(file, enabled);
  if (enabled.empty() || enabled.find("[never]") != std::string::npos) {
    GTEST_SKIP() << "transparent huge pages";
  }
  const auto cell = run_cow(Model::kProcess, "fork", {"pages=huge", "child=50%"});
  ASSERT_NE(cell, nullptr);
  EXPECT_EQ(metric(*cell, "child_faults"), 512);
}

TEST(CowTest, UnitsOfOneMemoryFaultNot) {
  for (const auto& [model, variant] :
       {std::pair{Model::kThread, "default"}, std::pair{Model::kCoroutine, "stackless"},
        std::pair{Model::kCoroutine, "stackful"}}) {
    const auto cell = run_cow(model, variant, {"child=50%", "during=50%", "after=100%"});
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(metric(*cell, "copies_expected"), 0);
    EXPECT_EQ(metric(*cell, "child_pages"), 512);
    EXPECT_EQ(metric(*cell, "child_faults"), 0);
    EXPECT_EQ(metric(*cell, "during_faults"), 0);
    EXPECT_EQ(metric(*cell, "after_faults"), 0);
  }
}

// No fork is needed: the page was the file's.
TEST(CowTest, UnitsOfOneMemoryCopyTheFilesPages) {
  for (const auto& [model, variant] :
       {std::pair{Model::kThread, "default"}, std::pair{Model::kCoroutine, "stackless"},
        std::pair{Model::kCoroutine, "stackful"}}) {
    const auto cell = run_cow(model, variant, {"memory=file", "child=50%", "during=25%"});
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(metric(*cell, "copies_expected"), 768);
    EXPECT_EQ(metric(*cell, "child_faults"), 512) << "in each operation";
    EXPECT_EQ(metric(*cell, "during_faults"), 256);
  }
}

// Begun, and resumed to end: whatever way leads from one coroutine to the next.
TEST(CowTest, CoroutinesOfBothKindsAreResumedAlike) {
  for (const char* variant : {"stackless", "stackful"}) {
    const auto cell = run_cow(Model::kCoroutine, variant, {});
    ASSERT_NE(cell, nullptr);
    EXPECT_EQ(cell->coroutine_switches(), 5u * 2) << variant;
  }
}

// A name would be left behind by whoever is killed before it is gone.
TEST(CowTest, TheFileNeverHasAName) {
  test::TemporaryDirectory directory;
  const std::string path = directory.path();
  const UniqueFd probe(::open(path.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!probe) GTEST_SKIP() << "this file system has no files without names";
  const auto changed = [&path] {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return std::pair(status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  };
  ::setenv("TMPDIR", path.c_str(), 1);
  const auto before = changed();
  const auto cell = make_cell("cow", Model::kThread, "default", {"memory=file", "resident=1M"});
  ::setenv("TMPDIR", "/nonexistent", 1);
  const auto nowhere = make_cell("cow", Model::kThread, "default", {"memory=file"});
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(cell);
  EXPECT_EQ(changed(), before) << "something was made in the directory";
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().message,
            "cannot make a file in /nonexistent: No such file or directory");
  EXPECT_EQ(nowhere.error().hint, "TMPDIR says where");
}

TEST(CowTest, RefusesHugePagesOfAFile) {
  const auto cell = make_cell("cow", Model::kProcess, "fork", {"memory=file", "pages=huge"});
  ASSERT_FALSE(cell);
  EXPECT_EQ(cell.error().message, "pages=huge is for anonymous memory");
  const auto odd = make_cell("cow", Model::kProcess, "fork", {"resident=3M", "pages=huge"});
  EXPECT_FALSE(odd);
}

}  // namespace
}  // namespace triptych::workloads
