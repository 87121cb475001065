// SPDX-License-Identifier: Apache-2.0
//
// C++20 coroutines in a program that says nothing of them, found by the symbols that compilers give
// the functions that resume and destroy: g++ `.actor` (both) and `.destroy`, clang `.resume`,
// `.destroy` and `.cleanup`.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/usdt.hpp"

namespace triptych::coroutine::discover {

Result<Discovery> discover_cpp(const probes::ElfFile& file);

// The landing behind a call in this file that returns to `address`; none when it would not be
// cheap, unless it may be dear.
std::optional<probes::Place> cpp_landing(const probes::ElfFile& file, std::uint64_t address,
                                         bool may_be_dear);

}  // namespace triptych::coroutine::discover
