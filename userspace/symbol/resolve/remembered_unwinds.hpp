// SPDX-License-Identifier: Apache-2.0
//
// What came of copied stacks when a trace was read, for when it is read again: unwinding is most of
// the work. Equal stacks are kept once, and four bytes of each copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analyze/unwinder.hpp"

namespace triptych::symbol::resolve {

class RememberedUnwinds {
 public:
  explicit RememberedUnwinds(analyze::Unwinder& unwinder) : unwinder_(unwinder) {}

  // One reading of the trace, from its beginning. Readings may be at different places.
  class Reading : public analyze::Unwinder {
   public:
    explicit Reading(RememberedUnwinds& all) : all_(all) {}
    analyze::Unwound unwind(const analyze::CopiedStack& stack,
                            const analyze::CodeSpaces& code) override;

   private:
    RememberedUnwinds& all_;
    std::size_t at_ = 0;
  };

 private:
  void remember(const analyze::Unwound& unwound);

  analyze::Unwinder& unwinder_;
  std::vector<std::uint32_t> copies_;  // in the order of the trace: what came of each
  std::vector<analyze::Unwound> different_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> by_hash_;
};

}  // namespace triptych::symbol::resolve
