// SPDX-License-Identifier: Apache-2.0
//
// Functions of mapped files that the trace tells itself, so that nobody has to have the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "analyze/code_spaces.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class FileSymbols {
 public:
  struct Function {
    std::uint64_t offset = 0;  // in the file
    std::uint64_t size = 0;
    std::string name;
  };

  void add(const model::FileSymbol& symbol);
  // What is at this place of the file; null: the trace does not tell.
  [[nodiscard]] const Function* find(const CodeFile& file, std::uint64_t offset) const;
  // What tells a file from others; empty: nothing does.
  [[nodiscard]] static std::string key_of(const CodeFile& file);

 private:
  std::map<std::string, std::map<std::uint64_t, Function>> files_;  // by key_of(), by offset
  std::size_t count_ = 0;
};

}  // namespace triptych::analyze
