// SPDX-License-Identifier: Apache-2.0
//
// A function by which a runtime that nobody knows resumes a coroutine, and which its first argument
// is. That it is entered can be seen, and nothing else.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// `name` as the linker has it. There may be several: functions that only their file knows.
Result<Discovery> discover_function(const probes::ElfFile& file, std::string_view name);

}  // namespace triptych::coroutine::discover
