// SPDX-License-Identifier: Apache-2.0
//
// The payload of an EVENTS chunk (docs/trace-format.md): records are split into columns, each
// column is delta-coded against the previous record of the same kind, and zstd takes the rest.
// Knows nothing of what the records mean but for their header, so that records of newer kinds pass
// through.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace triptych::trace {

inline constexpr std::size_t kMaxChunkRawBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMinRecordBytes = 16;
inline constexpr std::size_t kMaxRecordBytes = 255 * 8;

class ChunkEncoder {
 public:
  ChunkEncoder();
  ~ChunkEncoder();
  ChunkEncoder(ChunkEncoder&&) noexcept;
  ChunkEncoder& operator=(ChunkEncoder&&) noexcept;

  // Appends the encoded form of `records` (whole ones, back to back, at most kMaxChunkRawBytes) to
  // `payload`. False when compression failed, which means that memory ran out.
  [[nodiscard]] bool encode(std::span<const std::byte> records, std::vector<std::byte>& payload);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Where a record of a decoded chunk lies.
struct RecordRef {
  std::uint64_t ts_ns = 0;
  std::uint32_t offset = 0;
  std::uint16_t size = 0;
  bool synthetic = false;  // not of the file: the reader's own word that something is missing
};

// Grouped by kind in `bytes`; `order` lists them as they were written.
struct DecodedChunk {
  std::vector<std::byte> bytes;
  std::vector<RecordRef> order;

  [[nodiscard]] std::span<const std::byte> record(const RecordRef& ref) const {
    return {bytes.data() + ref.offset, ref.size};
  }
};

class ChunkDecoder {
 public:
  ChunkDecoder();
  ~ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

  // False when `payload` is not the encoded form of `record_count` records of `raw_bytes` bytes in
  // all; `chunk` is unspecified then. Allocates in proportion to the two figures, which are bounded
  // by kMaxChunkRawBytes, whatever the payload claims.
  [[nodiscard]] bool decode(std::span<const std::byte> payload, std::size_t raw_bytes,
                            std::size_t record_count, DecodedChunk& chunk);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace triptych::trace
