// SPDX-License-Identifier: Apache-2.0
//
// Cheap places in a module of Python, and what is known of it.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/python.h"
#include "coroutine/discover/code_search.hpp"
#include "coroutine/discover/dynamic_symbols.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/usdt.hpp"

namespace triptych::coroutine::discover {

// The first instruction from here on that a probe costs little on, before the straight line ends.
std::optional<std::uint64_t> cheap_place(const CodeSearch& code, std::uint64_t address);

// At a function's entry, where the registers are as the caller left them: behind an endbr64, at
// most.
std::optional<std::uint64_t> cheap_entry(const CodeSearch& code, std::uint64_t address);

// A cheap one; none where the file has no code.
std::optional<probes::Place> place_at(const probes::ElfFile& file, std::uint64_t address,
                                      std::uint8_t what, std::uint8_t runtime);

// The operand that is a register, `register_offset` in pt_regs.
triptych_operand in_register(std::size_t register_offset);

// The interpreter's layout, with how this module tells where the interpreter is; none: it does not.
std::optional<triptych_python_layout> layout_for(const DynamicSymbols& module,
                                                 const Interpreter& interpreter);

}  // namespace triptych::coroutine::discover
