// SPDX-License-Identifier: Apache-2.0
//
// Checks a JSON value against the part of JSON Schema that our schemas use: type, const, enum,
// minimum, required, properties, additionalProperties, items, anyOf and $ref into $defs. Stricter
// than the standard in one way: a member that the schema does not name is an error, so that nothing
// goes undocumented.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace triptych::test {

// One line a violation, with its place; empty when the value is valid.
std::vector<std::string> schema_violations(const nlohmann::json& value,
                                           const nlohmann::json& schema);

}  // namespace triptych::test
