// SPDX-License-Identifier: Apache-2.0
#include "export/time_line.hpp"

#include <fmt/format.h>

#include <numeric>

namespace triptych::exports {

std::string state_name(const analyze::Doing& state) {
  if (const auto* blocked = std::get_if<analyze::Blocked>(&state)) {
    return "blocked: " + analyze::blocked_name(blocked->key);
  }
  if (const auto* unknown = std::get_if<analyze::Unknown>(&state)) {
    return unknown->cause == analyze::UnknownCause::kLoss ? "lost" : "unknown";
  }
  return std::holds_alternative<analyze::Running>(state) ? "running" : "runnable";
}

std::string mark_name(const model::Mark& mark) {
  constexpr std::string_view kTypes[] = {"", "begin ", "end ", ""};
  return fmt::format("{}{}", kTypes[static_cast<std::size_t>(mark.type) % 4], mark.name.view());
}

std::uint64_t lost_records(const analyze::LossRange& range) {
  return std::accumulate(range.counts.begin(), range.counts.end(), range.unknown_kind);
}

}  // namespace triptych::exports
