// SPDX-License-Identifier: Apache-2.0
#include "base/proc_status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

namespace triptych {
namespace {

constexpr std::string_view kBlanks = " \t";

}  // namespace

std::optional<std::string> proc_status(pid_t tid, std::string_view name) {
  std::ifstream file(tid == 0 ? "/proc/self/status" : fmt::format("/proc/{}/status", tid));
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ':') continue;
    const std::size_t begin = line.find_first_not_of(kBlanks, name.size() + 1);
    if (begin == std::string::npos) return std::string();
    return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> last_number(std::string_view value) {
  std::optional<std::uint32_t> last;
  for (bool more = true; more;) {
    const std::size_t end = std::min(value.find_first_of(kBlanks), value.size());
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(value.data(), value.data() + end, number);
    if (error != std::errc{} || stop != value.data() + end) return std::nullopt;
    last = number;
    more = end != value.size();
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return last;
}

}  // namespace triptych
