// SPDX-License-Identifier: Apache-2.0
//
// Where a program switches stacks by libc's makecontext, swapcontext and setcontext: at its calls,
// and in libc where setcontext is entered, which is also how a context ends.
#pragma once

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

Result<Discovery> discover_ucontext(const probes::ElfFile& file);

}  // namespace triptych::coroutine::discover
