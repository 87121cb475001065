// SPDX-License-Identifier: Apache-2.0
//
// Metadata and endings as JSON: in the trace file's chunks and in the text form's comment lines.
// The readers take hostile input: what is missing keeps its default, what has the wrong type or
// does not fit does so too and is counted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/data_quality.hpp"
#include "model/metadata.hpp"

namespace triptych::trace {

// One line of ASCII each. Bytes that are not UTF-8 are replaced, and of command lines longer than
// 64 KiB the rest is left out.
[[nodiscard]] std::string to_json(const model::Metadata& metadata);
[[nodiscard]] std::string to_json(const model::Ending& ending);
[[nodiscard]] std::string to_json(const model::DataQuality& quality);  // what is not zero

// False when `text` is not a JSON object of at most kMaxJsonBytes; `out` is unchanged then. Fields
// that were of no use are added to `bad_fields`.
[[nodiscard]] bool from_json(std::string_view text, model::Metadata& out,
                             std::uint64_t& bad_fields);
[[nodiscard]] bool from_json(std::string_view text, model::Ending& out, std::uint64_t& bad_fields);
[[nodiscard]] bool from_json(std::string_view text, model::DataQuality& out,
                             std::uint64_t& bad_fields);

}  // namespace triptych::trace
