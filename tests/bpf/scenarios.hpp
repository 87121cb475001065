// SPDX-License-Identifier: Apache-2.0
//
// What the traced program of the bpf tests can do. Each scenario marks the part that is counted,
// from "begin" to "end", with everything that it needs touched before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace triptych::scenarios {

struct Scenario {
  std::string_view name;
  int (*run)(
      std::size_t n);  // its exit status; 77: this machine cannot, and standard error says why
};

std::span<const Scenario> memory_scenarios();
std::span<const Scenario> task_scenarios();
std::span<const Scenario> stack_scenarios();

// Where the scenario known_places has its pages, and the one instruction that writes to them.
inline constexpr std::uintptr_t kTouchedAt = 0x200000000000;
inline constexpr std::uintptr_t kTouchingAt = 0x210000000000;

void begin();
void end();

// Exit status for "the machine lacks what the scenario needs".
inline constexpr int kCannot = 77;

}  // namespace triptych::scenarios
