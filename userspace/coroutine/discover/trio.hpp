// SPDX-License-Identifier: Apache-2.0
//
// Where Trio, which is written in Python, resumes a task's coroutine and gets the thread back: it
// calls the coroutine's `send` by Context.run, which is in the interpreter. So does nobody else;
// what else goes through Context.run is told apart by what it is called with.
#pragma once

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// `file` is the interpreter's own. All places can be probed cheaply; an error where one cannot, or
// where it is built in a way that is not known.
Result<Discovery> discover_trio(const probes::ElfFile& file, const Interpreter& interpreter);

}  // namespace triptych::coroutine::discover
