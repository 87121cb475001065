// SPDX-License-Identifier: Apache-2.0
#include "probe/capabilities.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "probe/hooks.hpp"

namespace triptych::probe {
namespace {

Environment good() {
  return {"6.1.0-50-cloud-amd64", "x86_64", true, true};
}

void expect_refused(const Environment& environment, const std::string& message,
                    const std::string& hint) {
  const Result<void> outcome = check_environment(environment);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, message);
  EXPECT_EQ(outcome.error().hint, hint);
  EXPECT_EQ(outcome.error().code, ErrorCode::kCapability);
}

TEST(Environment, AGoodOneIsAccepted) {
  EXPECT_TRUE(check_environment(good()));
  for (const char* kernel : {"6.1", "6.12.107+deb12-cloud-amd64", "6.18.44", "7.0.0-rc1", "10.2"}) {
    Environment environment = good();
    environment.kernel = kernel;
    EXPECT_TRUE(check_environment(environment)) << kernel;
  }
}

TEST(Environment, OldKernelsAreRefused) {
  for (const char* kernel : {"6.0.19", "5.10.0-30-amd64", "4.19", "unknown"}) {
    Environment environment = good();
    environment.kernel = kernel;
    expect_refused(environment,
                   "Linux " + std::string(kernel) + " is too old: triptych needs 6.1 or newer",
                   "Debian 12 and Ubuntu 23.04 or later bring such a kernel");
  }
}

TEST(Environment, KernelsWithoutTypeInformationAreRefused) {
  Environment environment = good();
  environment.has_btf = false;
  expect_refused(
      environment,
      "this kernel carries no type information (BTF): /sys/kernel/btf/vmlinux is missing "
      "or unreadable",
      "use a distribution's kernel, or build with CONFIG_DEBUG_INFO_BTF=y");
}

TEST(Environment, OtherProcessorsAreRefused) {
  Environment environment = good();
  environment.machine = "aarch64";
  expect_refused(environment, "triptych runs on x86-64 only, and this machine is aarch64", "");
}

TEST(Environment, OthersThanRootAreToldHowToRunIt) {
  Environment environment = good();
  environment.is_root = false;
  expect_refused(environment, "tracing the kernel needs root", "run the same command with sudo");
}

TEST(Capabilities, AnUnknownHookIsAnError) {
  const Result<Capabilities> outcome = probe_capabilities({"kprobe/do_wp_page"});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().message, "unknown hook 'kprobe/do_wp_page'");
  EXPECT_EQ(outcome.error().hint, "`triptych doctor` lists the hooks");
  EXPECT_EQ(outcome.error().code, ErrorCode::kUsage);
}

TEST(Hooks, EachProgramHasOneAndItsNameIsFound) {
  std::set<std::string_view> programs, single;
  for (const Hook& hook : all_hooks()) {
    if (hook.kind == HookKind::kSingleUserProbes) {
      EXPECT_TRUE(single.insert(hook.program).second) << hook.program;
      EXPECT_EQ(find_single_hook(hook.program), &hook);
      // There is a better one.
      EXPECT_EQ(name_of(*find_hook(hook.program)), "uprobe_multi/" + std::string(hook.target));
      continue;
    }
    EXPECT_TRUE(programs.insert(hook.program).second) << hook.program;
    EXPECT_EQ(find_hook(hook.program), &hook);
    EXPECT_EQ(find_single_hook(hook.program) != nullptr, hook.kind == HookKind::kUserProbes);
  }
  EXPECT_EQ(find_hook("on_nothing"), nullptr);
  EXPECT_EQ(name_of(*find_hook("on_switch")), "tp_btf/sched_switch");
  EXPECT_EQ(name_of(*find_hook("on_clone3_exit")), "tracepoint/syscalls/sys_exit_clone3");
  EXPECT_EQ(name_of(*find_hook("on_fault_major")), "perf_event/page-faults-maj");
  EXPECT_EQ(name_of(*find_hook("on_kernel_taken_end")), "fexit/handle_mm_fault");
  EXPECT_EQ(name_of(*find_hook("on_walk")), "iter/task");
}

}  // namespace
}  // namespace triptych::probe
