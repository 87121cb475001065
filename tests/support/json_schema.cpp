// SPDX-License-Identifier: Apache-2.0
#include "support/json_schema.hpp"

#include <algorithm>

namespace triptych::test {
namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "null") return value.is_null();
  return false;
}

class Checker {
 public:
  explicit Checker(const Json& root) : root_(root) {}

  void check(const Json& value, const Json& schema, const std::string& place) {
    if (schema.contains("$ref")) {
      const auto target = schema["$ref"].get<std::string>();  // "#/$defs/task"
      check(value, root_.at(Json::json_pointer(target.substr(1))), place);
      return;
    }
    if (schema.contains("anyOf")) {
      check_any(value, schema["anyOf"], place);
      return;
    }
    if (schema.contains("const") && value != schema["const"]) {
      violation(place, "is not " + schema["const"].dump());
    }
    if (schema.contains("enum")) {
      const Json& known = schema["enum"];
      if (std::find(known.begin(), known.end(), value) == known.end()) {
        violation(place, value.dump() + " is none of " + known.dump());
      }
    }
    if (schema.contains("type") && !check_type(value, schema["type"])) {
      violation(place, value.dump().substr(0, 40) + " is no " + schema["type"].dump());
      return;
    }
    if (schema.contains("minimum") && value.is_number_integer() && value < schema["minimum"]) {
      violation(place, value.dump() + " is less than " + schema["minimum"].dump());
    }
    if (value.is_object()) check_members(value, schema, place);
    if (value.is_array() && schema.contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        check(value[i], schema["items"], place + "/" + std::to_string(i));
      }
    }
  }

  std::vector<std::string> violations;

 private:
  void violation(const std::string& place, const std::string& text) {
    violations.push_back((place.empty() ? "/" : place) + ": " + text);
  }

  static bool check_type(const Json& value, const Json& types) {
    if (types.is_string()) return has_type(value, types.get<std::string>());
    return std::any_of(types.begin(), types.end(),
                       [&](const Json& type) { return has_type(value, type.get<std::string>()); });
  }

  void check_any(const Json& value, const Json& choices, const std::string& place) {
    std::vector<std::string> first;
    for (const Json& choice : choices) {
      Checker attempt(root_);
      attempt.check(value, choice, place);
      if (attempt.violations.empty()) return;
      if (first.empty()) first = attempt.violations;
    }
    violations.insert(violations.end(), first.begin(), first.end());
  }

  void check_members(const Json& value, const Json& schema, const std::string& place) {
    for (const Json& name : schema.value("required", Json::array())) {
      if (!value.contains(name.get<std::string>())) violation(place, "lacks " + name.dump());
    }
    const Json properties = schema.value("properties", Json::object());
    for (const auto& [name, member] : value.items()) {
      if (properties.contains(name)) {
        check(member, properties[name], place + "/" + name);
      } else if (schema.contains("additionalProperties")) {
        check(member, schema["additionalProperties"], place + "/" + name);
      } else {
        violation(place, "has \"" + name + "\", which the schema does not name");
      }
    }
  }

  const Json& root_;
};

}  // namespace

std::vector<std::string> schema_violations(const nlohmann::json& value,
                                           const nlohmann::json& schema) {
  Checker checker(schema);
  checker.check(value, schema, "");
  return checker.violations;
}

}  // namespace triptych::test
