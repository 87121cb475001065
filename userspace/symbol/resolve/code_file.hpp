// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "analyze/code_spaces.hpp"
#include "symbol/resolve/elf_symbols.hpp"

namespace triptych::symbol::resolve {

// The file that was mapped, if it is still there and the same: by its build id, or where none is
// known by its inode. It is looked for where we have its path and, while the process runs that
// mapped it, where that has it. Else `reason` says why not; of code that belongs to no file it is
// left empty. `kernel` is the release of the kernel that was recorded: its vDSO is that of this
// very process, if it is the same.
std::optional<ElfSymbols> open_code_file(const analyze::CodeFile& file, const std::string& kernel,
                                         std::string_view& reason);

}  // namespace triptych::symbol::resolve
