// SPDX-License-Identifier: Apache-2.0
//
// The names that a runtime gives to code that it made itself: /tmp/perf-PID.map, lines of "START
// SIZE NAME" in hexadecimal, written by the program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"
#include "symbol/resolve/image.hpp"

namespace triptych::symbol::resolve {

class JitMap {
 public:
  // Empty where there is none of ours.
  static JitMap of_process(model::Tid tgid, const std::string& directory);
  static JitMap read(const Image& image);

  struct Function {
    std::string_view name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  [[nodiscard]] std::optional<Function> find(std::uint64_t address) const;

 private:
  struct Entry {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    std::size_t order = 0;  // a later line takes the place of an earlier one
    std::string name;
  };
  void add(std::string_view line);

  std::vector<Entry> entries_;  // by start
};

}  // namespace triptych::symbol::resolve
