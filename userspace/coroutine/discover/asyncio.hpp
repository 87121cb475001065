// SPDX-License-Identifier: Apache-2.0
//
// Where Python's asyncio resumes a task's coroutine and gets the thread back: in the module
// _asyncio, which steps the tasks of every event loop (uvloop's, too) unless they are written in
// Python.
#pragma once

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// `module` is the interpreter's own file where the module is built into it. All places can be
// probed cheaply; an error where one cannot, or where the module is built in a way that is not
// known.
Result<Discovery> discover_asyncio(const probes::ElfFile& module, const Interpreter& interpreter);

}  // namespace triptych::coroutine::discover
