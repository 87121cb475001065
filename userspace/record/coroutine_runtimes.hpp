// SPDX-License-Identifier: Apache-2.0
//
// The table of the runtimes whose coroutines are seen by probes in their own code.
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/reader/program_file.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "coroutine/reader/python_files.hpp"
#include "coroutine/reader/runtimes.hpp"

namespace triptych::record {

// What is to be watched: a command's file, or a process.
struct CoroutineProgram {
  std::string path;
  pid_t tgid = 0;  // 0: it is the command
};

struct CoroutineFile {
  std::string path;
  coroutine::reader::ProgramFile file;
  coroutine::discover::Discovery found;
};

struct CoroutineRuntime {
  std::string_view name;                           // for --coroutines uprobe:NAME
  std::string_view coroutines;                     // what they are called in a sentence
  std::string_view program;                        // the BPF program that is hit
  std::string_view companion;                      // one more that it needs; empty: none
  std::string_view invisible;                      // what probes do not see of it
  std::optional<coroutine::reader::RuntimeId> id;  // for the reader of files; none: it knows none
  // In which one it is: then one has to know the program to find its file, and it is only probed
  // when it is asked for by name. Null: any file may have it.
  const coroutine::reader::PythonModule* module = nullptr;
  // It is spread over files of the program, the libraries that it needs among them, and nothing or
  // wrong things are seen where one of them is not probed: only when it is asked for by name.
  bool is_spread = false;
  bool by_symbols = false;  // a program that is stripped of them seems to have none
  bool learns = false;      // where its coroutines return to, while it watches them

  [[nodiscard]] bool in_any_file() const { return id.has_value() && module == nullptr; }
};

// The file of a runtime that is in a module.
Result<CoroutineFile> find_module(coroutine::reader::ProgramReader& reader,
                                  const CoroutineRuntime& runtime, const CoroutineProgram& program);

std::span<const CoroutineRuntime> coroutine_runtimes();
const CoroutineRuntime* find_coroutine_runtime(std::string_view name);
const CoroutineRuntime* find_coroutine_runtime(coroutine::reader::RuntimeId id);
// Of a function that was named instead of a runtime; it discovers nothing by itself.
const CoroutineRuntime& named_function();
std::string coroutine_runtime_names();  // "cpp, asyncio, greenlet"

}  // namespace triptych::record
