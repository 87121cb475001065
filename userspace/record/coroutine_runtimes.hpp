// SPDX-License-Identifier: Apache-2.0
//
// The table of the runtimes whose coroutines are seen by probes in their own code.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::record {

// What is to be watched: a command's file, or a process.
struct CoroutineProgram {
  std::string path;
  pid_t tgid = 0;  // 0: it is the command
};

struct CoroutineFile {
  std::string path;
  coroutine::probes::ElfFile elf;
  coroutine::discover::Discovery found;
};

struct CoroutineRuntime {
  std::string_view name;        // for --coroutines uprobe:NAME
  std::string_view coroutines;  // what they are called in a sentence
  std::string_view program;     // the BPF program that is hit
  std::string_view companion;   // one more that it needs; empty: none
  // What a file has of it; null: one has to know the program to find its file, and it is only
  // probed when it is asked for by name.
  Result<coroutine::discover::Discovery> (*discover)(const coroutine::probes::ElfFile& file);
  Result<CoroutineFile> (*find)(const CoroutineProgram& program);  // or null
  std::string_view invisible;                                      // what probes do not see of it
  // What makes a landing of the place that a coroutine returned to; null: nothing is learned.
  std::optional<coroutine::probes::Place> (*landing)(const coroutine::probes::ElfFile& file,
                                                     std::uint64_t address, bool may_be_dear);
  // It is spread over files of the program, the libraries that it needs among them, and nothing or
  // wrong things are seen where one of them is not probed: only when it is asked for by name.
  bool is_spread = false;
  bool by_symbols = false;  // a program that is stripped of them seems to have none
};

std::span<const CoroutineRuntime> coroutine_runtimes();
const CoroutineRuntime* find_coroutine_runtime(std::string_view name);
// Of a function that was named instead of a runtime; it discovers nothing by itself.
const CoroutineRuntime& named_function();
std::string coroutine_runtime_names();  // "cpp, asyncio, greenlet"

}  // namespace triptych::record
