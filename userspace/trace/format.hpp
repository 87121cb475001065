// SPDX-License-Identifier: Apache-2.0
//
// The layout of a trace file: docs/trace-format.md in C++. Little-endian, like every machine that
// triptych runs on. The structs are the bytes of the file: no padding, append-only within a
// version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "model/event.hpp"

namespace triptych::trace {

inline constexpr std::uint16_t kFormatMajor = 1;
inline constexpr std::uint16_t kFormatMinor = 2;
inline constexpr std::uint32_t kMaxStreams = 66;  // 64 rings, coroutines, maps
inline constexpr std::size_t kMaxJsonBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxStoredBytes = std::size_t{2} << 20;
inline constexpr std::size_t kEndingRoomBytes = 4096;  // payload of the chunk that the ending fills

// A high bit, and line ends that a transfer as text would change.
inline constexpr unsigned char kFileMagic[8] = {0x89, 'T', 'P', 'T', '\r', '\n', 0x1a, '\n'};
inline constexpr unsigned char kChunkMagic[8] = {0xc5, 't', 'p', 't', 'c', 'h', 'k', '\n'};

struct FileHeader {
  unsigned char magic[8];
  std::uint16_t format_major;
  std::uint16_t format_minor;
  std::uint16_t abi_major;  // of the records: bpf/abi/events.h
  std::uint16_t abi_minor;
  std::uint32_t header_bytes;
  std::uint32_t streams;
  unsigned char reserved[36];
  std::uint32_t crc;  // of the bytes before it
};
static_assert(sizeof(FileHeader) == 64);

enum class ChunkType : std::uint16_t {
  kRoom = 1,  // the room for the ending, while there is none
  kEnding = 2,
  kMetadata = 3,
  kEvents = 4,
};

struct ChunkHeader {
  unsigned char magic[8];
  std::uint16_t type;
  std::uint16_t reserved0;
  // Zero but for events, like everything else that is not about bytes:
  std::uint32_t stream;
  std::uint32_t records;
  std::uint32_t raw_bytes;  // of the records
  std::uint32_t stored_bytes;
  std::uint32_t payload_crc;
  std::uint64_t first_ts_ns;   // smallest and
  std::uint64_t last_ts_ns;    // largest time in the chunk
  std::uint64_t first_record;  // records of the stream in all chunks before this one
  std::uint32_t class_records[model::kLossClasses];
  std::uint32_t reserved1;
  std::uint32_t crc;  // of the bytes before it
};
static_assert(sizeof(ChunkHeader) == 88);

// The beginning of the ending's payload; records[streams] of 64 bits and then the JSON follow.
struct EndingHead {
  std::uint64_t file_bytes;
  std::uint32_t streams;
  std::uint32_t json_bytes;
};
static_assert(sizeof(EndingHead) == 16);

[[nodiscard]] std::uint32_t crc_of(std::span<const std::byte> bytes);

// Fill in magic, versions and checksums.
[[nodiscard]] FileHeader make_file_header(std::uint32_t streams);
void seal(ChunkHeader& header, std::span<const std::byte> payload);

[[nodiscard]] bool intact(const FileHeader& header);

// Magic and checksum are right, and every figure is within its bounds: what the file claims may be
// allocated. The payload is yet to be checked.
[[nodiscard]] bool intact(const ChunkHeader& header);

// The class that a record of this kind (enum triptych_event_kind) is counted in; kLossClasses is
// none.
[[nodiscard]] std::size_t loss_class(std::uint8_t kind);

// Tells what stacks and code are, and is no event itself.
[[nodiscard]] bool is_of_stacks(std::uint8_t kind);

}  // namespace triptych::trace
