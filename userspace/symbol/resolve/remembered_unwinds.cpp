// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/remembered_unwinds.hpp"

namespace triptych::symbol::resolve {
namespace {

std::uint64_t hash_of(const analyze::Unwound& unwound) {
  std::uint64_t hash = static_cast<std::uint64_t>(unwound.end);
  for (const std::uint64_t frame : unwound.frames) {
    hash = (hash ^ frame) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

void RememberedUnwinds::remember(const analyze::Unwound& unwound) {
  const std::uint64_t hash = hash_of(unwound);
  const auto [first, last] = by_hash_.equal_range(hash);
  for (auto each = first; each != last; ++each) {
    if (different_[each->second] == unwound) return copies_.push_back(each->second);
  }
  const auto number = static_cast<std::uint32_t>(different_.size());
  different_.push_back(unwound);
  by_hash_.emplace(hash, number);
  copies_.push_back(number);
}

analyze::Unwound RememberedUnwinds::Reading::unwind(const analyze::CopiedStack& stack,
                                                    const analyze::CodeSpaces& code) {
  if (at_ == all_.copies_.size()) all_.remember(all_.unwinder_.unwind(stack, code));
  return all_.different_[all_.copies_[at_++]];
}

}  // namespace triptych::symbol::resolve
