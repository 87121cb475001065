// SPDX-License-Identifier: Apache-2.0
//
// From the memory of a stack to its frames. Whoever knows the rules of the programs' code does it;
// the analysis only says when.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyze/code_spaces.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

using model::kStackEnds;
using model::StackEnd;

// The stack of a task at one moment.
struct CopiedStack {
  model::MmId mm{};
  model::TimeNs at_ns = 0;
  bool unreadable = false;  // it ends where memory could not be read
  std::array<std::uint64_t, model::kRegisters> registers{};
  std::map<std::uint64_t, std::array<std::uint8_t, model::kStackPiece>> pieces{};  // by address

  [[nodiscard]] bool has(std::uint64_t address, std::size_t size) const;
  // None: it is not in the copy.
  [[nodiscard]] std::optional<std::uint64_t> read(std::uint64_t address, std::size_t size) const;
};

struct Unwound {
  std::vector<std::uint64_t> frames;  // innermost first
  StackEnd end = StackEnd::kNotTold;
  bool operator==(const Unwound&) const = default;
};

class Unwinder {
 public:
  Unwinder() = default;
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;
  virtual ~Unwinder() = default;
  // `code` is what is known of its address space by then.
  virtual Unwound unwind(const CopiedStack& stack, const CodeSpaces& code) = 0;
};

}  // namespace triptych::analyze
