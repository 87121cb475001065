// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/jit_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace triptych::symbol::resolve {
namespace {

constexpr std::uint64_t kLargestMap = 32 << 20;
constexpr std::size_t kMostEntries = 1u << 18;
constexpr std::size_t kLongestName = 512;

bool take_hex(std::string_view& text, std::uint64_t& out) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  const auto used = static_cast<std::size_t>(stop - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != ' ') return false;
  text.remove_prefix(used + 1);
  return true;
}

}  // namespace

void JitMap::add(std::string_view line) {
  Entry entry;
  if (entries_.size() == kMostEntries) return;
  if (!take_hex(line, entry.start) || !take_hex(line, entry.size) || line.empty()) return;
  entry.name = line.substr(0, kLongestName);
  entry.order = entries_.size();
  entries_.push_back(std::move(entry));
}

JitMap JitMap::read(const Image& image) {
  JitMap map;
  if (!image) return map;
  std::string text(static_cast<std::size_t>(std::min(image.size(), kLargestMap)), '\0');
  if (!image.read(0, std::as_writable_bytes(std::span(text)))) return map;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    map.add(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
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
