// SPDX-License-Identifier: Apache-2.0
//
// What this kernel allows, found out by really loading and attaching, not by version numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::probe {

struct Capability {
  std::string name;    // "tp_btf/sched_switch", "fentry/handle_mm_fault"
  bool available = false;
  std::string reason;  // why not, as the kernel said it
};

struct Capabilities {
  std::string kernel;  // uname -r
  std::vector<Capability> hooks;

  [[nodiscard]] const Capability* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
};

// Refuses kernels before 6.1, without BTF, other processors than x86-64, and a caller without rights,
// each with its own message and hint. `without` names hooks to treat as refused (tests, and users who
// want the base tier on a kernel that has more).
Result<Capabilities> probe_capabilities(const std::vector<std::string>& without = {});

}  // namespace triptych::probe
