// SPDX-License-Identifier: Apache-2.0
#include "analyze/code_spaces.hpp"

#include <algorithm>

namespace triptych::analyze {
namespace {

// Beyond any program; of a hostile file the rest has no names.
constexpr std::size_t kMostMaps = 1u << 16;
constexpr std::size_t kMostFiles = 1u << 16;
constexpr int kMostGenerations = 10'000;  // of forks

}  // namespace

// Of a process its first thread tells, which has the process's number.
void CodeSpaces::on_number(model::Tid tgid, model::Tid tid, model::Tid ns_tid) {
  if (tid != tgid) return;
  if (ns_tid != tid && ns_tid != 0) {
    has_other_number_.insert(tgid);
  } else {
    has_other_number_.erase(tgid);
  }
}

void CodeSpaces::on_use(model::Tid tgid, model::MmId mm) {
  if (mm != model::kNoMm) space_of_[tgid] = mm;
}

void CodeSpaces::on_fork(model::MmId child, model::MmId parent, model::TimeNs ts_ns) {
  // The serial numbers grow: a circle would be somebody's invention.
  if (child == model::kNoMm || parent >= child) return;
  Space& space = spaces_[static_cast<std::uint32_t>(child)];
  space.forked_from = parent;
  space.forked_ns = ts_ns;
}

void CodeSpaces::on_exec(model::Tid tgid, model::MmId mm) {
  on_use(tgid, mm);
  const auto coming = coming_.find(tgid);
  if (coming == coming_.end()) return;
  if (mm != model::kNoMm) {
    Space& space = spaces_[static_cast<std::uint32_t>(mm)];
    for (const CodeMap& map : coming->second) add(space, map);
  }
  coming_.erase(coming);
}

bool CodeFile::is_same_as(const CodeFile& other) const {
  return path == other.path && path_cut == other.path_cut && inode == other.inode &&
         device_major == other.device_major && device_minor == other.device_minor &&
         build_id == other.build_id;
}

std::uint32_t CodeSpaces::file_of(const model::Map& map) {
  CodeFile file{.path = std::string(map.path.view()),
                .path_cut = map.path_cut,
                .inode = map.inode,
                .device_major = map.device_major,
                .device_minor = map.device_minor,
                .build_id = {map.build_id.begin(), map.build_id.begin() + map.build_id_size},
                .tgid = map.tgid};
  std::vector<std::uint32_t>& numbers = file_numbers_[file.path];
  for (const std::uint32_t number : numbers) {
    if (!files_[number].is_same_as(file)) continue;
    files_[number].tgid = file.tgid;
    return number;
  }
  const auto number = static_cast<std::uint32_t>(files_.size());
  if (number == kMostFiles) return number - 1;
  numbers.push_back(number);
  files_.push_back(std::move(file));
  return number;
}

void CodeSpaces::add(Space& space, const CodeMap& map) {
  for (const CodeMap& old : space.maps) {
    if (old.start < map.end && map.start < old.end &&
        (old.file != map.file || old.start - old.offset != map.start - map.offset)) {
      ++space.generation;
      break;
    }
  }
  if (space.maps.size() < kMostMaps) space.maps.push_back(map);
}

void CodeSpaces::on_map(model::TimeNs ts_ns, const model::Map& map) {
  if (map.end <= map.start) return;
  const CodeMap code{.start = map.start,
                     .end = map.end,
                     .offset = map.offset,
                     .from_ns = map.there ? 0 : ts_ns,
                     .file = file_of(map),
                     .tgid = map.tgid};
  const auto coming = coming_.find(map.tgid);
  if (map.fresh) {
    coming_[map.tgid] = {code};
  } else if (coming != coming_.end() && !map.there) {
    if (coming->second.size() < kMostMaps) coming->second.push_back(code);
  } else if (const auto mm = space_of_.find(map.tgid); mm != space_of_.end()) {
    add(spaces_[static_cast<std::uint32_t>(mm->second)], code);
  }
}

std::uint32_t CodeSpaces::generation(model::MmId mm) const {
  const auto found = spaces_.find(static_cast<std::uint32_t>(mm));
  return found == spaces_.end() ? 0 : found->second.generation;
}

const CodeMap* CodeSpaces::find(model::MmId mm, std::uint64_t address, model::TimeNs at_ns) const {
  for (int i = 0; i < kMostGenerations; ++i) {
    const auto found = spaces_.find(static_cast<std::uint32_t>(mm));
    if (found == spaces_.end()) return nullptr;
    const Space& space = found->second;
    for (auto map = space.maps.rbegin(); map != space.maps.rend(); ++map) {
      if (map->from_ns <= at_ns && map->has(address)) return &*map;
    }
    if (space.forked_from == model::kNoMm) return nullptr;
    at_ns = std::min(at_ns, space.forked_ns);
    mm = space.forked_from;
  }
  return nullptr;
}

}  // namespace triptych::analyze
