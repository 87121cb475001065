// SPDX-License-Identifier: Apache-2.0
//
// An interval as a row of a table: the columns of docs/exports.md, which all tabular forms share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "export/writer.hpp"

namespace triptych::exports {

struct Row {
  std::string_view kind;
  std::int64_t begin_ns = 0;
  std::optional<std::uint64_t> duration_ns;
  const analyze::Task* task = nullptr;  // null: not known
  std::optional<std::uint16_t> cpu;
  std::string detail;
  model::TaskId other{};                      // kNoTask: none, or not known
  const analyze::Task* other_task = nullptr;  // null: nothing else is known of it
  std::optional<std::uint64_t> address;
  std::optional<std::uint64_t> pages;
  std::optional<bool> major;
  std::optional<std::uint64_t> coroutine;
};

Row row_of(const Context& context, const analyze::Interval& interval);

}  // namespace triptych::exports
