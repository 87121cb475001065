// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>

#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// Where in a program's data the loader puts which address of the program itself.
using Slots = std::unordered_map<std::uint64_t, std::uint64_t>;
Slots relative_slots(const probes::ElfFile& file);
Slots filled_slots(const probes::ElfFile& file);  // only addresses of code

}  // namespace triptych::coroutine::discover
