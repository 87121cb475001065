// SPDX-License-Identifier: Apache-2.0
//
// The functions that a file names, its own and those that it imports.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

struct Symbol {
  std::string_view name;
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // 0: not known
};

struct CodeRange {
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};

// Each function that the file defines, of all its tables of symbols: one may come twice. An error
// when a table is damaged.
Result<void> for_each_function(const probes::ElfFile& file,
                               const std::function<void(const Symbol&)>& take);

// Whether the program tells of its coroutines itself, by the library.
bool links_recorder(const probes::ElfFile& file);

// Whether it has a table of all its symbols: stripping takes that away.
bool has_symbols(const probes::ElfFile& file);

// Whether it imports what allocates in C++, as its coroutines do.
bool allocates_in_cpp(const probes::ElfFile& file);

// Imported functions, by the address of the stub that calls go to. What is not understood is
// missing.
std::unordered_map<std::uint64_t, std::string> imported_functions(const probes::ElfFile& file);

}  // namespace triptych::coroutine::discover
