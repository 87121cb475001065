// SPDX-License-Identifier: Apache-2.0
#include "profile/path_table.hpp"

namespace triptych::profile {

namespace {

constexpr Key kOther{Subject::kWord, static_cast<std::uint64_t>(Word::kOtherPaths)};

bool is_always_told(Subject subject) {
  return subject == Subject::kModel || subject == Subject::kTask || subject == Subject::kProcess ||
         subject == Subject::kFork;
}

}  // namespace

std::uint64_t PathTable::hash_of(std::uint32_t parent, const Key& key) {
  std::uint64_t mixed = key.id * 0x9e3779b97f4a7c15ull;
  mixed ^= (std::uint64_t{parent} << 8 | static_cast<std::uint64_t>(key.subject));
  mixed *= 0xff51afd7ed558ccdull;
  mixed ^= mixed >> 32;
  mixed *= 0xc4ceb9fe1a85ec53ull;
  return mixed ^ mixed >> 29;
}

std::uint32_t PathTable::child(std::uint32_t parent, const Key& key) {
  // Mostly it is the same one again.
  const std::uint32_t last = last_child_[parent];
  if (last != kRoot && entries_[last].key == key) return last;
  if (entries_[parent].key == kOther) return parent;
  const std::uint32_t found = look_up(parent, key);
  last_child_[parent] = found;
  return found;
}

std::uint32_t PathTable::look_up(std::uint32_t parent, const Key& key) {
  const std::uint64_t hash = hash_of(parent, key);
  const std::uint32_t found = index_.find(hash, [&](std::uint32_t position) {
    return entries_[position].parent == parent && entries_[position].key == key;
  });
  if (found != StepIndex::kNone) return found;
  if (entries_.size() >= most_ && !(key == kOther) && !is_always_told(key.subject)) {
    full_ = true;
    return look_up(parent, kOther);
  }
  const auto next = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({parent, key, {}});
  last_child_.push_back(kRoot);
  index_.add(hash, next, [this](std::uint32_t position) {
    return hash_of(entries_[position].parent, entries_[position].key);
  });
  return next;
}

void PathTable::add(std::uint32_t path, const Values& values) {
  Values& self = entries_[path].self;
  for (std::size_t i = 0; i < self.size(); ++i) self[i] += values[i];
}

}  // namespace triptych::profile
