// SPDX-License-Identifier: Apache-2.0
//
// The records of one stream in order of time, one decompressed chunk at a time.
//
// A ring's records are nearly sorted: a program that an interrupt's program overtakes between
// reading the clock and reserving its place comes a few records late, also across the border of a
// chunk. So a chunk is sorted and its last kHoldBack records wait for the next one. What is missing
// (a chunk that does not match its checksum, or whose header is lost) appears in its place as a
// synthetic event of kind LOST, so that everything behind learns of it the way it learns of a full
// ring.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "trace/chunk_index.hpp"
#include "trace/codec.hpp"
#include "trace/input_file.hpp"

namespace triptych::trace {

// What the cursors of a file share.
struct CursorContext {
  InputFile& file;
  const ChunkIndex& index;
  model::DataQuality& quality;
  ChunkDecoder decoder{};
  std::vector<std::byte> buffer{};  // a chunk as it is stored
  DecodedChunk fresh{};
  std::uint64_t class_records[model::kLossClasses] = {};  // in chunks that were intact
};

class StreamCursor {
 public:
  static constexpr std::size_t kHoldBack = 64;

  // Loads the first chunk.
  StreamCursor(CursorContext& context, std::uint32_t stream);

  [[nodiscard]] bool at_end() const { return head_ == ready_; }
  [[nodiscard]] const RecordRef& head() const { return batch_.order[head_]; }
  [[nodiscard]] std::span<const std::byte> record() const { return batch_.record(head()); }
  // What a synthetic record holds: the event itself.
  [[nodiscard]] model::Event synthetic_event() const;
  void pop() {
    if (++head_ == ready_) load();
  }

 private:
  void load();
  void load_chunk(const ChunkRef& ref);
  bool read_chunk(const ChunkRef& ref, ChunkHeader& header);
  void note_missing_before(const ChunkHeader& header);
  void note_missing_at_end();
  [[nodiscard]] model::Lost kinds_of_missing(std::uint64_t records) const;
  void add_missing(model::Lost missing, std::uint64_t first_ns, std::uint64_t last_ns);
  void add_synthetic(const model::Event& event);
  void start_batch();

  CursorContext& context_;
  const std::vector<ChunkRef>& chunks_;
  std::uint32_t stream_;
  std::size_t next_chunk_ = 0;
  DecodedChunk batch_;
  std::size_t head_ = 0;   // in batch_.order
  std::size_t ready_ = 0;  // from here on held back
  bool finished_ = false;
  std::uint64_t max_ts_ns_ = 0;    // of the records met
  std::uint64_t covered_ns_;       // what lies before is accounted for: met, or reported lost
  std::uint64_t next_record_ = 0;  // number of the first record not yet accounted for
};

}  // namespace triptych::trace
