// SPDX-License-Identifier: Apache-2.0
#include "profile/path_table.hpp"

namespace triptych::profile {

std::size_t PathTable::StepHash::operator()(const Step& step) const {
  std::uint64_t mixed = step.key.id * 0x9e3779b97f4a7c15ull;
  mixed ^= (std::uint64_t{step.parent} << 8 | static_cast<std::uint64_t>(step.key.subject));
  mixed *= 0xff51afd7ed558ccdull;
  return static_cast<std::size_t>(mixed ^ mixed >> 32);
}

std::uint32_t PathTable::child(std::uint32_t parent, const Key& key) {
  // Mostly it is the same one again.
  const std::uint32_t last = last_child_[parent];
  if (last != kRoot && entries_[last].key == key) return last;
  const auto next = static_cast<std::uint32_t>(entries_.size());
  const auto [found, is_new] = index_.try_emplace(Step{parent, key}, next);
  if (is_new) {
    entries_.push_back({parent, key, {}});
    last_child_.push_back(kRoot);
  }
  last_child_[parent] = found->second;
  return found->second;
}

void PathTable::add(std::uint32_t path, const Values& values) {
  Values& self = entries_[path].self;
  for (std::size_t i = 0; i < self.size(); ++i) self[i] += values[i];
}

}  // namespace triptych::profile
