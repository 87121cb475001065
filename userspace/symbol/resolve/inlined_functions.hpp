// SPDX-License-Identifier: Apache-2.0
//
// Which functions the compiler put into others, by address: from a file's DWARF, as elfutils reads
// it.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbol/resolve/partial_elf.hpp"

namespace triptych::symbol::resolve {

class InlinedFunctions {
 public:
  // What is read of a file takes so much memory; 0: it has no debug information.
  static std::uint64_t size_of(const Image& image);
  // None: the file has no debug information, or it takes more than `most` bytes.
  static std::optional<InlinedFunctions> of(const Image& image, std::size_t most);
  InlinedFunctions(InlinedFunctions&&) = default;
  InlinedFunctions& operator=(InlinedFunctions&&) = default;

  [[nodiscard]] std::size_t bytes() const { return file_ ? file_->size() : 0; }
  // Whose code it is at an address that the code is linked for, innermost first, as the compiler
  // has the names; empty where it is that of the function itself.
  const std::vector<std::string>& at(std::uint64_t address);

 private:
  InlinedFunctions() = default;
  struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    Dwarf_Off die = 0;  // of a unit, or of a function in one
    bool operator<(const Range& other) const { return start < other.start; }
  };
  using Ranges = std::vector<Range>;
  void find_units();
  const Ranges& functions_of(Dwarf_Off unit);
  void add_functions(Dwarf_Die* unit, Ranges& to) const;
  void add_ranges(Dwarf_Die* die, Ranges& to) const;
  [[nodiscard]] std::vector<std::string> look_up(std::uint64_t address);

  struct End {
    void operator()(Dwarf* dwarf) const { ::dwarf_end(dwarf); }
  };
  std::optional<PartialElf> file_;
  std::unique_ptr<Dwarf, End> dwarf_;
  Ranges units_;
  std::unordered_map<Dwarf_Off, Ranges> functions_;  // by unit
  std::unordered_map<std::uint64_t, std::vector<std::string>> known_;
};

}  // namespace triptych::symbol::resolve
