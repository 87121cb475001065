// SPDX-License-Identifier: Apache-2.0
//
// What this kernel allows, found out by really loading and attaching, not by version numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::probe {

struct Capability {
  std::string name;  // "tp_btf/sched_switch", "fentry/handle_mm_fault"
  bool available = false;
  std::string reason;  // why not, as the kernel said it
};

struct Capabilities {
  std::string kernel;  // uname -r
  std::vector<Capability> hooks;
  std::int64_t preempt_count_distance = 0;  // see percpu.hpp; 0: interrupts cannot be told apart

  [[nodiscard]] const Capability* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const;
};

// What must hold before anything is tried; pure, so that each refusal can be tested.
struct Environment {
  std::string kernel;   // uname -r
  std::string machine;  // uname -m
  bool has_btf = false;
  bool is_root = false;
};
Environment read_environment();
Result<void> check_environment(const Environment& environment);

enum class Thoroughness : std::uint8_t {
  kEverything,  // every hook is loaded, attached and detached: about a second
  kChoices,  // only where there are rungs to choose from, and loading only: milliseconds. That the
             // others work is assumed here and found out when they are attached.
};

// Refuses kernels before 6.1, without BTF, other processors than x86-64, and a caller without
// rights, each with its own message and hint. `without` names hooks to treat as refused (tests, and
// users who want the base tier on a kernel that has more); an unknown name is an error.
Result<Capabilities> probe_capabilities(const std::vector<std::string>& without = {},
                                        Thoroughness thoroughness = Thoroughness::kChoices);

}  // namespace triptych::probe
