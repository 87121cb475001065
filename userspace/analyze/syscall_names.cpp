// SPDX-License-Identifier: Apache-2.0
#include "analyze/syscall_names.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace triptych::analyze {
namespace {

struct Entry {
  std::int16_t number;
  std::string_view name;
};

constexpr Entry kTable[] = {
#define X(number, name) {number, name},
#include "analyze/syscall_table.inc"
#undef X
};

}  // namespace

std::string syscall_name(std::int16_t number, bool compat) {
  if (number < 0) return "no system call";
  if (compat) return "compat_" + std::to_string(number);
  const Entry* entry =
      std::lower_bound(std::begin(kTable), std::end(kTable), number,
                       [](const Entry& e, std::int16_t wanted) { return e.number < wanted; });
  if (entry != std::end(kTable) && entry->number == number) return std::string(entry->name);
  return "syscall_" + std::to_string(number);
}

}  // namespace triptych::analyze
