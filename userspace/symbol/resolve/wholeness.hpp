// SPDX-License-Identifier: Apache-2.0
//
// How much of what was counted has a stack that goes back to where its program or thread began, and
// what kept the others from it. What should have a stack and has none is not whole either.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "analyze/stacks.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::symbol::resolve {

class Wholeness {
 public:
  // `weight`, of whatever is counted, has this user's stack.
  void add(Resolver& resolver, const analyze::StackTable& table, analyze::StackNumber stack,
           std::uint64_t weight);
  // It should have one, and has none: it was lost, or could not be read.
  void add_without(std::uint64_t weight) { all_ += weight, without_ += weight; }

  [[nodiscard]] std::uint64_t all() const { return all_; }
  [[nodiscard]] std::uint64_t whole() const { return whole_; }
  [[nodiscard]] std::uint64_t without() const { return without_; }
  // "93.1 %"; "–" of nothing.
  [[nodiscard]] std::string share() const;
  void merge(const Wholeness& other);
  // "the others end in … or have no stack of the program's"; empty where there are no others.
  [[nodiscard]] std::string others() const;

 private:
  std::uint64_t all_ = 0;
  std::uint64_t whole_ = 0;
  std::uint64_t without_ = 0;
  std::array<std::uint64_t, analyze::kStackEnds> ends_{};  // of the others
};

}  // namespace triptych::symbol::resolve
