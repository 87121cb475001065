// SPDX-License-Identifier: Apache-2.0
//
// Where in straight-line code a probe is cheap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_set>

#include "coroutine/discover/instruction.hpp"

namespace triptych::coroutine::discover {

// Instructions one after another, from `address` on, until the bytes end or are not understood, or
// `take` says that it is enough.
void sweep(std::span<const std::byte> code, std::uint64_t address,
           const std::function<bool(std::uint64_t, const Instruction&)>& take);

// Where the relative jumps of this code go.
std::unordered_set<std::uint64_t> jump_targets(std::span<const std::byte> code,
                                               std::uint64_t address);

struct EntryPlace {
  std::uint64_t address = 0;
  std::uint16_t sp_added = 0;  // pushed between the function's entry and here
  ProbeCost cost = ProbeCost::kStepped;
  // The first argument is no longer in rdi, but at this distance from rsp.
  std::optional<std::int32_t> kept_at;
  bool word_in_rax = false;  // the one that was wished for
};

// The cheapest place that is passed once whenever the function is entered, and where its first
// argument is still in rdi, or kept on the stack if that will do. `code` is all of the function.
// Where that is no dearer, one where the function has just loaded the two bytes `word_at` behind
// what the argument points to, so that nobody has to read them. None when nothing can be probed.
std::optional<EntryPlace> entry_place(std::span<const std::byte> code, std::uint64_t address,
                                      bool may_be_kept = false,
                                      std::optional<std::uint16_t> word_at = std::nullopt);

struct Landing {
  std::optional<std::uint64_t> address;  // none: no place is cheap
  bool returns = false;                  // before there was one
};

constexpr std::size_t kLandingBytes = 512;  // of code that are worth looking through for one

// The first cheap place at or behind `address`, to which a call returns: nothing else is called
// before, unless that will do.
Landing landing_place(std::span<const std::byte> code, std::uint64_t address,
                      bool calls_before = false);

}  // namespace triptych::coroutine::discover
