// SPDX-License-Identifier: Apache-2.0
//
// Functions of mapped files, and of code that programs made themselves, that the trace tells
// itself, so that nobody has to have the files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
  void add(const model::FileInlined& symbol);
  void add(const model::JitSymbol& symbol);
  // What is at this place of the file; null: the trace does not tell.
  [[nodiscard]] const Function* find(const CodeFile& file, std::uint64_t offset) const;
  [[nodiscard]] const Function* find(model::Tid tgid, std::uint64_t address) const;
  // Whether the trace tells what is inlined in the file.
  [[nodiscard]] bool tells_inlined(const CodeFile& file) const;
  // Innermost first.
  [[nodiscard]] std::vector<std::string> inlined(const CodeFile& file, std::uint64_t offset) const;
  // What tells a file from others; empty: nothing does.
  [[nodiscard]] static std::string key_of(const CodeFile& file);

 private:
  using Functions = std::map<std::uint64_t, Function>;  // by offset
  void add(std::map<std::string, Functions>& to, const std::string& key, Function function);
  static const Function* find(const std::map<std::string, Functions>& in, const std::string& key,
                              std::uint64_t offset);

  std::map<std::string, Functions> files_;    // by key_of(), or by process
  std::map<std::string, Functions> inlined_;  // by depth and key_of()
  std::size_t count_ = 0;
};

}  // namespace triptych::analyze
