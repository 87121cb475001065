// SPDX-License-Identifier: Apache-2.0
//
// What a program exports and imports by name: that is there also when it was stripped.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

struct DynamicSymbol {
  std::string_view name;
  std::uint64_t address = 0;  // 0: imported
  std::uint64_t size = 0;
};

// Where the loader writes the address of an imported symbol.
struct ImportSlot {
  std::string_view name;
  std::uint64_t address = 0;
};

class DynamicSymbols {
 public:
  // Empty for a program that has none; an error when the tables are damaged.
  static Result<DynamicSymbols> read(const probes::ElfFile& file);

  // That the file itself defines; nullptr when it does not.
  [[nodiscard]] const DynamicSymbol* defined(std::string_view name) const;
  [[nodiscard]] const std::vector<DynamicSymbol>& all() const { return symbols_; }
  [[nodiscard]] const std::vector<ImportSlot>& slots() const { return slots_; }
  [[nodiscard]] std::vector<std::uint64_t> import_slots(std::string_view name) const;

 private:
  Result<void> read_slots(const probes::ElfFile& file);

  std::vector<std::byte> names_;
  std::vector<DynamicSymbol> symbols_;
  std::vector<ImportSlot> slots_;
};

// The bytes at this address, of code or data; none when the file has not as many there.
std::vector<std::byte> bytes_at(const probes::ElfFile& file, std::uint64_t address,
                                std::uint64_t size);

}  // namespace triptych::coroutine::discover
