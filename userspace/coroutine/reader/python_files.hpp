// SPDX-License-Identifier: Apache-2.0
//
// Which files a Python program consists of, as far as coroutines go: the interpreter, or the
// library that it is in, and the module in which its coroutines are switched, which is loaded when
// it is imported. Where they are is known by their names; the reader only says what is in them.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/python.hpp"
#include "coroutine/reader/program_file.hpp"
#include "coroutine/reader/program_reader.hpp"

namespace triptych::coroutine::reader {

struct PythonModule {
  std::string_view name;     // the beginning of the file's name, up to the first dot; or empty
  std::string_view symbol;   // that the file exports
  std::string_view package;  // empty: it is part of the standard library
};
inline constexpr PythonModule kAsyncioModule{"_asyncio.", "PyInit__asyncio", ""};
inline constexpr PythonModule kInterpreterItself{};
inline constexpr PythonModule kGreenletModule{"_greenlet.", "PyInit__greenlet", "greenlet"};

struct PythonFiles {
  discover::Interpreter interpreter;
  std::string module_path;
  ProgramFile module;
};

// Of the program in this file: an interpreter, or a script for one. `search_path` is where env
// finds an interpreter that a script names without its folder.
Result<PythonFiles> python_files_of(ProgramReader& reader, const std::string& program,
                                    std::string_view search_path, const PythonModule& wanted);

// Of a process that runs, whether it has imported the module by now or not.
Result<PythonFiles> python_files_of(ProgramReader& reader, pid_t tgid, const PythonModule& wanted);

}  // namespace triptych::coroutine::reader
