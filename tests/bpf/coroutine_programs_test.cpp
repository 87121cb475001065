// SPDX-License-Identifier: Apache-2.0
//
// The programs that are hit in the targets' own code: whether this kernel takes them, in each way
// that it has.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "probe/attach_plan.hpp"
#include "probe/five_byte_nop.hpp"
#include "probe/hooks.hpp"
#include "probe/session.hpp"

namespace triptych::test {
namespace {

using probe::UserProbeWay;

const std::vector<std::vector<std::string>> kPrograms = {{"on_coroutine_marker"},
                                                         {"on_cpp_coroutine"},
                                                         {"on_context"},
                                                         {"on_python_step", "on_python_switch"},
                                                         {"on_greenlet", "on_python_switch"}};

Result<UserProbeWay> load(const std::vector<std::string>& programs,
                          const std::vector<std::string>& without) {
  TRIPTYCH_TRY_ASSIGN(const probe::Capabilities capabilities, probe::probe_capabilities(without));
  probe::Session::Options options;
  probe::PlanRequest request;
  request.launched = true;
  request.coroutine_programs = programs;
  TRIPTYCH_TRY_ASSIGN(options.plan, probe::make_attach_plan(capabilities, request));
  auto preparation = probe::Preparation::start({1 << 20, false});
  TRIPTYCH_TRY(probe::Session::open(options, std::move(preparation)));
  return options.plan.user_probes;
}

TEST(CoroutinePrograms, AreTakenByThisKernel) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  for (const std::vector<std::string>& programs : kPrograms) {
    const auto best = load(programs, {});
    ASSERT_TRUE(best) << programs.front() << ": " << best.error().message;
    if (*best == UserProbeWay::kOneByOne) continue;
    const auto other = load(programs, {probe::name_of(*probe::find_hook(programs.front()))});
    ASSERT_TRUE(other) << programs.front() << ": " << other.error().message;
    EXPECT_EQ(*other, UserProbeWay::kOneByOne) << programs.front();
  }
}

bool kernel_knows(const std::string& function) {
  std::ifstream symbols("/proc/kallsyms");
  std::string line;
  while (std::getline(symbols, line)) {
    if (line.ends_with(" " + function)) return true;
  }
  return false;
}

std::size_t open_files() {
  const auto files = std::filesystem::directory_iterator("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(FiveByteNop, IsSafeWhereTheKernelLeavesABreakpointThere) {
  const std::size_t before = open_files();
  const auto found = probe::try_five_byte_nop();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->hits, 1000u);
  EXPECT_TRUE(kernel_knows("arch_uprobe_optimize") || !found->rewritten);
  if (!found->rewritten) {
    EXPECT_EQ(found->child_killed_by, 0);
    EXPECT_TRUE(found->below_stack_kept);
  }
  EXPECT_EQ(open_files(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace
}  // namespace triptych::test
