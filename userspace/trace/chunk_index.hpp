// SPDX-License-Identifier: Apache-2.0
//
// The first pass over a trace file: finds every chunk by its header, and reads metadata and ending.
// Where no intact header stands it looks for the next one, so damage costs what it hits and no
// more.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"
#include "trace/format.hpp"
#include "trace/input_file.hpp"

namespace triptych::trace {

struct ChunkRef {
  std::uint64_t offset = 0;  // of its header
  std::uint32_t bytes = 0;   // header and payload
};

struct ChunkIndex {
  model::Metadata metadata;
  std::optional<model::Ending> ending;
  std::vector<std::uint64_t> stream_records;  // as the ending has it; empty without one
  std::array<std::vector<ChunkRef>, kMaxStreams> events;
  std::uint64_t records = 0;  // of these chunks, by their headers
  std::uint64_t class_records[model::kLossClasses] = {};
  std::uint32_t streams = 0;
  std::uint64_t event_bytes = 0;
  std::uint64_t first_ts_ns = 0;  // of all events
  std::uint64_t last_ts_ns = 0;
  // Behind the last place where a chunk of events may be missing without a trace; 0 is none.
  std::uint64_t damage_end = 0;
  model::DataQuality quality;
};

// `file` begins with the magic of a trace file; its version has been checked.
[[nodiscard]] ChunkIndex index_chunks(InputFile& file);

}  // namespace triptych::trace
