// SPDX-License-Identifier: Apache-2.0
//
// Where a program calls a function of its own or of another file, as places to probe: there the
// function's arguments are in the registers, and a relative call or jump is cheap.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "coroutine/discover/code_search.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/dynamic_symbols.hpp"

namespace triptych::coroutine::discover {

struct CalledFunction {
  std::string_view import;                  // its name, where it is another file's
  std::span<const std::uint64_t> own = {};  // its addresses, where it is this one's
};

struct CallKind {
  std::uint8_t runtime = 0;
  std::uint8_t kind = 0;
};

// Adds all of them: the dear ones are those that go through a pointer that the loader fills in.
void add_calls(const probes::ElfFile& file, const CodeSearch& code, const DynamicSymbols& symbols,
               const CalledFunction& function, CallKind what, Discovery& plan);

}  // namespace triptych::coroutine::discover
