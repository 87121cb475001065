// SPDX-License-Identifier: Apache-2.0
//
// The addresses that a program's code and data have: a function that is called through a pointer is
// among them.
#pragma once

#include <cstdint>
#include <set>

#include "coroutine/discover/dynamic_symbols.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

std::set<std::uint64_t> taken_addresses(const probes::ElfFile& file, const DynamicSymbols& symbols);

}  // namespace triptych::coroutine::discover
