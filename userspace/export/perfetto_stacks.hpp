// SPDX-License-Identifier: Apache-2.0
//
// The stacks of a Perfetto trace: the functions that they go through, and the files that these are
// in, are told once, and so is each stack. A frame is a function, not a place in it; where no name
// is known, it is the place in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyze/stacks.hpp"
#include "export/stack_names.hpp"

namespace triptych::exports {

class PerfettoStacks {
 public:
  // Null: stacks are left out.
  explicit PerfettoStacks(StackNames* names) : names_(names) {}

  [[nodiscard]] bool wanted() const { return names_ != nullptr; }
  // The number of a stack, told before if need be: of the user's frames, with the kernel's on top
  // of them. 0: there is none.
  std::uint64_t number_of(std::string& out, const analyze::Stacks& stacks);

  // How much has been told since it was forgotten last.
  [[nodiscard]] std::size_t told() const { return last_stack_ + frames_.size(); }
  void forget();

 private:
  class Teller;
  // Of the numbers in the trace, 0: not told yet.
  std::uint64_t& told_as(const analyze::Stacks& stacks);

  StackNames* names_;
  std::vector<std::uint64_t> of_user_;  // those without the kernel's frames, by StackNumber
  std::unordered_map<std::uint64_t, std::uint64_t> stacks_;  // others, by both StackNumbers
  // Functions by name, files by path, frames by function, file and place.
  std::unordered_map<std::string, std::uint64_t> functions_, files_, frames_;
  std::unordered_map<std::uint64_t, std::uint64_t> met_;  // frames, by the resolver's number
  std::uint64_t last_stack_ = 0;
};

}  // namespace triptych::exports
