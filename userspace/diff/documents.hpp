// SPDX-License-Identifier: Apache-2.0
//
// What the readers of the two kinds of file share. Missing or ill-typed members are left out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "diff/input.hpp"

namespace triptych::diff {

inline const nlohmann::json* member(const nlohmann::json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

inline std::string text_of(const nlohmann::json& object, const char* name) {
  const nlohmann::json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

void read_compare(const nlohmann::json& file, Input* input);
void read_report(const nlohmann::json& file, Input* input);

// Every string, number and flag below `value` as a circumstance of its own: "environment.kernel".
void add_circumstances(const nlohmann::json& value, const std::string& name, Input* input);

}  // namespace triptych::diff
