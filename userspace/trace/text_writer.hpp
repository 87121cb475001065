// SPDX-License-Identifier: Apache-2.0
//
// The text form of a trace (docs/text-trace.md), line by line: each function appends one line with
// its line feed. What open_source reads back gives the same lines again.
#pragma once

#include <string>
#include <string_view>

#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"

namespace triptych::trace {

inline constexpr std::string_view kTextMagic = "# triptych text trace ";
inline constexpr std::string_view kTextVersion = "1";
inline constexpr std::string_view kMetadataPrefix = "# metadata ";
inline constexpr std::string_view kEndingPrefix = "# ending ";
inline constexpr std::string_view kQualityPrefix = "# quality ";

void append_text_header(std::string& out);
void append_text(std::string& out, const model::Metadata& metadata);
void append_text(std::string& out, const model::Ending& ending);
// What a source counted, so that a report of the text says the same as one of the file; complete,
// and so to be written, only after the last event.
void append_text(std::string& out, const model::DataQuality& quality);
void append_text(std::string& out, const model::Event& event);

}  // namespace triptych::trace
