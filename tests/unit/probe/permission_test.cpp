// SPDX-License-Identifier: Apache-2.0
#include "probe/permission.hpp"

#include <gtest/gtest.h>

namespace triptych::probe {
namespace {

constexpr std::uint64_t kSysAdmin = 1ull << 21, kPerfmon = 1ull << 38, kBpf = 1ull << 39;

TEST(Permission, CapabilitiesThatAreMissingAreNamed) {
  EXPECT_EQ(why_not_permitted(0, "[none] integrity"), "this process lacks CAP_BPF, CAP_PERFMON");
  EXPECT_EQ(why_not_permitted(kPerfmon, {}), "this process lacks CAP_BPF");
  EXPECT_EQ(why_not_permitted(kBpf, {}), "this process lacks CAP_PERFMON");
}

TEST(Permission, LockdownIsNamedAsTheKernelCallsIt) {
  for (const std::uint64_t enough : {kSysAdmin, kBpf | kPerfmon}) {
    EXPECT_EQ(why_not_permitted(enough, "none [integrity] confidentiality\n"),
              "the kernel is locked down (integrity)");
    EXPECT_EQ(why_not_permitted(enough, "none integrity [confidentiality]\n"),
              "the kernel is locked down (confidentiality)");
    EXPECT_EQ(why_not_permitted(enough, "[none] integrity confidentiality\n"),
              "not for lack of a capability, and the kernel is not locked down");
  }
}

TEST(Permission, WhatCannotBeReadIsNotGuessed) {
  for (const std::optional<std::string>& lockdown :
       {std::optional<std::string>(), std::optional<std::string>("nonsense")}) {
    EXPECT_EQ(why_not_permitted(kSysAdmin, lockdown),
              "not for lack of a capability; /sys/kernel/security/lockdown cannot be read, which "
              "would tell whether the kernel is locked down");
  }
  EXPECT_FALSE(why_not_permitted().empty());
}

}  // namespace
}  // namespace triptych::probe
