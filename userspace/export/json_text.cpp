// SPDX-License-Identifier: Apache-2.0
#include "export/json_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace triptych::exports {
namespace {

bool needs_no_escape(std::string_view raw) {
  return std::all_of(raw.begin(), raw.end(), [](char byte) {
    return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
  });
}

}  // namespace

void append_text(std::string& out, std::string_view name, std::string_view raw) {
  out += ",\"";
  out += name;
  out += "\":";
  if (needs_no_escape(raw)) {
    out += '"';
    out += raw;
    out += '"';
    return;
  }
  using nlohmann::json;
  out += json(raw).dump(-1, ' ', true, json::error_handler_t::replace);
}

}  // namespace triptych::exports
