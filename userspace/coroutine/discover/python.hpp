// SPDX-License-Identifier: Apache-2.0
//
// What the file of an interpreter (CPython), or of its shared library, says of it: its version, and
// where it keeps what tells of its coroutines and threads.
#pragma once

#include <cstdint>
#include <optional>

#include "abi/python.h"
#include "base/error.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

struct Interpreter {
  int major = 0;
  int minor = 0;
  triptych_python_layout layout{};  // but for what a module adds
};

// None for a file that has no interpreter in it; an error for one of an unknown version.
Result<std::optional<Interpreter>> read_interpreter(const probes::ElfFile& file);

}  // namespace triptych::coroutine::discover
