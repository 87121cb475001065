// SPDX-License-Identifier: Apache-2.0
//
// Which files a Python program consists of, as far as coroutines go: the interpreter, or the
// library that it is in, and the module _asyncio, which is loaded when it is imported.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

struct PythonFiles {
  Interpreter interpreter;
  std::string module_path;
  probes::ElfFile module;
};

// Of the program in this file: an interpreter, or a script for one. `search_path` is where env
// finds an interpreter that a script names without its folder.
Result<PythonFiles> python_files_of(const std::string& program, std::string_view search_path);

// Of a process that runs, whether it has imported the module by now or not.
Result<PythonFiles> python_files_of(pid_t tgid);

}  // namespace triptych::coroutine::discover
