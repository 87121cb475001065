// SPDX-License-Identifier: Apache-2.0
//
// Why the kernel may have answered EPERM to a BPF program, as far as it lets us see.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace triptych::probe {

// "lacks CAP_BPF, CAP_PERFMON", "kernel lockdown: integrity", …
// `lockdown` is what /sys/kernel/security/lockdown says, if it can be read.
std::string why_not_permitted(std::uint64_t effective_capabilities,
                              const std::optional<std::string>& lockdown);

// Of this process, on this machine.
std::string why_not_permitted();

}  // namespace triptych::probe
