// SPDX-License-Identifier: Apache-2.0
#include "probe/permission.hpp"

#include <gtest/gtest.h>

namespace triptych::probe {
namespace {

constexpr std::uint64_t kSysAdmin = 1ull << 21, kPerfmon = 1ull << 38, kBpf = 1ull << 39;

TEST(Permission, CapabilitiesThatAreMissingAreNamed) {
  EXPECT_EQ(why_not_permitted(0, "[none] integrity"), "lacks CAP_BPF, CAP_PERFMON");
  EXPECT_EQ(why_not_permitted(kPerfmon, {}), "lacks CAP_BPF");
  EXPECT_EQ(why_not_permitted(kBpf, {}), "lacks CAP_PERFMON");
}

TEST(Permission, LockdownIsNamedAsTheKernelCallsIt) {
  for (const std::uint64_t enough : {kSysAdmin, kBpf | kPerfmon}) {
    EXPECT_EQ(why_not_permitted(enough, "none [integrity] confidentiality\n"),
              "kernel lockdown: integrity");
    EXPECT_EQ(why_not_permitted(enough, "none integrity [confidentiality]\n"),
              "kernel lockdown: confidentiality");
    EXPECT_EQ(why_not_permitted(enough, "[none] integrity confidentiality\n"),
              "capabilities suffice, and the kernel is not locked down");
  }
}

TEST(Permission, WhatCannotBeReadIsNotGuessed) {
  for (const std::optional<std::string>& lockdown :
       {std::optional<std::string>(), std::optional<std::string>("nonsense")}) {
    EXPECT_EQ(why_not_permitted(kSysAdmin, lockdown),
              "capabilities suffice; kernel lockdown cannot be read");
  }
  EXPECT_FALSE(why_not_permitted().empty());
}

}  // namespace
}  // namespace triptych::probe
