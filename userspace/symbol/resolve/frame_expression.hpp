// SPDX-License-Identifier: Apache-2.0
//
// The small programs by which the rules of call frames say where a value is. They come from
// anybody's file: steps and depth are bounded, and what is read is the copy of a stack and nothing
// else.
#pragma once

#include <elfutils/libdw.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "analyze/unwinder.hpp"

namespace triptych::symbol::resolve {

struct Registers {
  std::array<std::uint64_t, model::kRegisters> value{};
  std::array<bool, model::kRegisters> known{};

  [[nodiscard]] std::optional<std::uint64_t> operator[](std::uint64_t number) const {
    if (number >= value.size() || !known[number]) return std::nullopt;
    return value[number];
  }
  void set(std::size_t number, std::uint64_t to) {
    value[number] = to;
    known[number] = true;
  }
};

struct FrameState {
  const Registers& registers;
  const analyze::CopiedStack& stack;
  std::uint64_t moved = 0;  // how far the code lies from where it was linked for
  std::optional<std::uint64_t> frame_address{};
};

// None: it makes no sense, or needs what is not known.
std::optional<std::uint64_t> evaluate(std::span<const Dwarf_Op> program, const FrameState& state);

}  // namespace triptych::symbol::resolve
