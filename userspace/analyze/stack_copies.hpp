// SPDX-License-Identifier: Apache-2.0
//
// Puts the pieces of copied stacks together, as they come in a trace, and has them unwound. What is
// never asked for again is forgotten, so that memory is bounded.
#pragma once

#include <cstdint>
#include <map>

#include "analyze/unwinder.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class StackCopies {
 public:
  // Null: stacks have their innermost frame.
  void unwind_with(Unwinder* unwinder) { unwinder_ = unwinder; }

  void on_bytes(const model::StackBytes& bytes);
  Unwound on_copy(model::TimeNs ts_ns, const model::StackCopy& copy, const CodeSpaces& code);

 private:
  Unwinder* unwinder_ = nullptr;
  std::map<std::uint32_t, CopiedStack> open_;  // by StackId
};

}  // namespace triptych::analyze
