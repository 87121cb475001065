// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// What a file tells the loader to load with it.
struct Needs {
  std::vector<std::string> names;  // of libraries
  std::string folders;             // to look for them in: RPATH and RUNPATH, separated by colons
};

Needs needs_of(const probes::ElfFile& file);

}  // namespace triptych::coroutine::discover
