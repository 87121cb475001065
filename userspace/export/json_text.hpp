// SPDX-License-Identifier: Apache-2.0
//
// Parts of JSON objects, appended to what has been written: `,"name":value`.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace triptych::exports {

// Text from a target may be anything: what is no UTF-8 is replaced.
void append_text(std::string& out, std::string_view name, std::string_view raw);

template <class Number>
void append_number(std::string& out, std::string_view name, Number number) {
  out += ",\"";
  out += name;
  out += "\":";
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

}  // namespace triptych::exports
