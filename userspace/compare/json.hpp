// SPDX-License-Identifier: Apache-2.0
//
// A comparison as JSON: triptych.compare/1, docs/compare-schema.md.
#pragma once

#include <string>
#include <string_view>

#include "compare/document.hpp"

namespace triptych::compare {

inline constexpr const char* kSchema = "triptych.compare/1";

std::string write_json(const Document& document);  // with a final newline

// The JSON Schema of write_json's output.
std::string_view json_schema();

}  // namespace triptych::compare
