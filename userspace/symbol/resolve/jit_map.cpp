// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/jit_map.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/perf_map.hpp"

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kLongestName = 512;

}  // namespace

void JitMap::add(std::string_view line) {
  const auto parsed = parse_perf_map_line(line);
  if (!parsed || entries_.size() == kMostPerfMapLines) return;
  entries_.push_back({parsed->start, parsed->size, entries_.size(),
                      std::string(parsed->name.substr(0, kLongestName))});
}

JitMap JitMap::read(const Image& image) {
  JitMap map;
  if (!image) return map;
  std::string text(static_cast<std::size_t>(std::min(image.size(), kLargestPerfMap)), '\0');
  if (!image.read(0, std::as_writable_bytes(std::span(text)))) return map;
  for (std::string_view rest = text; !rest.empty();) map.add(take_line(rest));
  std::sort(map.entries_.begin(), map.entries_.end(), [](const Entry& a, const Entry& b) {
    return a.start != b.start ? a.start < b.start : a.order < b.order;
  });
  return map;
}

JitMap JitMap::of_process(model::Tid tgid, const std::string& directory) {
  return read(Image::open_own(fmt::format("{}/perf-{}.map", directory, tgid)));
}

std::optional<JitMap::Function> JitMap::find(std::uint64_t address) const {
  const auto after =
      std::upper_bound(entries_.begin(), entries_.end(), address,
                       [](std::uint64_t at, const Entry& entry) { return at < entry.start; });
  if (after == entries_.begin()) return std::nullopt;
  const Entry& found = *std::prev(after);
  if (address - found.start >= found.size) return std::nullopt;
  return Function{found.name, address - found.start, found.size};
}

}  // namespace triptych::symbol::resolve
