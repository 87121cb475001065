// SPDX-License-Identifier: Apache-2.0
//
// A line of /tmp/perf-PID.map, in which a program names a function that it made itself:
// "START SIZE NAME", the numbers in hexadecimal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace triptych {

struct PerfMapLine {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::string_view name;
};

// Beyond that, what a hostile file has is not read.
inline constexpr std::uint64_t kLargestPerfMap = 32 << 20;
inline constexpr std::size_t kMostPerfMapLines = 1u << 18;

std::optional<PerfMapLine> parse_perf_map_line(std::string_view line);

// Cuts the first line off `text`, which is not empty.
std::string_view take_line(std::string_view& text);

}  // namespace triptych
