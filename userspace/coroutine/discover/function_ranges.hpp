// SPDX-License-Identifier: Apache-2.0
//
// Where the functions of a program begin and end, also of one that was stripped of its symbols:
// what its tables for unwinding (.eh_frame) say. A function of which parts were moved elsewhere has
// a range for each part.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

struct FunctionRange {
  std::uint64_t begin = 0;  // address
  std::uint64_t end = 0;
  bool operator==(const FunctionRange&) const = default;
};

class FunctionRanges {
 public:
  // Empty where the file has no tables; what of them is not understood is left out.
  static Result<FunctionRanges> read(const probes::ElfFile& file);

  [[nodiscard]] std::optional<FunctionRange> around(std::uint64_t address) const;
  [[nodiscard]] const std::vector<FunctionRange>& all() const { return ranges_; }

 private:
  std::vector<FunctionRange> ranges_;  // by begin
};

}  // namespace triptych::coroutine::discover
