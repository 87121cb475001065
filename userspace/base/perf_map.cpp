// SPDX-License-Identifier: Apache-2.0
#include "base/perf_map.hpp"

#include <algorithm>
#include <charconv>

namespace triptych {
namespace {

bool take_hex(std::string_view& text, std::uint64_t& out) {
  if (text.starts_with("0x")) text.remove_prefix(2);
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  const auto used = static_cast<std::size_t>(stop - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != ' ') return false;
  text.remove_prefix(used + 1);
  return true;
}

}  // namespace

std::optional<PerfMapLine> parse_perf_map_line(std::string_view line) {
  PerfMapLine parsed;
  if (!take_hex(line, parsed.start) || !take_hex(line, parsed.size) || line.empty()) {
    return std::nullopt;
  }
  parsed.name = line;
  return parsed;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace triptych
