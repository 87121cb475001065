// SPDX-License-Identifier: Apache-2.0
#include "trace/format.hpp"

#include <zlib.h>

#include <cstring>

#include "abi/events.h"
#include "trace/codec.hpp"

namespace triptych::trace {
namespace {

template <class Header>
std::uint32_t header_crc(const Header& header) {
  return crc_of(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, crc)));
}

}  // namespace

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

FileHeader make_file_header(std::uint32_t streams) {
  FileHeader header{};
  std::memcpy(header.magic, kFileMagic, sizeof kFileMagic);
  header.format_major = kFormatMajor;
  header.format_minor = kFormatMinor;
  header.abi_major = TRIPTYCH_ABI_MAJOR;
  header.abi_minor = TRIPTYCH_ABI_MINOR;
  header.header_bytes = sizeof header;
  header.streams = streams;
  header.crc = header_crc(header);
  return header;
}

void seal(ChunkHeader& header, std::span<const std::byte> payload) {
  std::memcpy(header.magic, kChunkMagic, sizeof kChunkMagic);
  header.stored_bytes = static_cast<std::uint32_t>(payload.size());
  header.payload_crc = crc_of(payload);
  header.crc = header_crc(header);
}

bool intact(const FileHeader& header) {
  return std::memcmp(header.magic, kFileMagic, sizeof kFileMagic) == 0 &&
         header.crc == header_crc(header);
}

bool intact(const ChunkHeader& header) {
  if (std::memcmp(header.magic, kChunkMagic, sizeof kChunkMagic) != 0) return false;
  if (header.crc != header_crc(header) || header.stored_bytes > kMaxStoredBytes) return false;
  switch (static_cast<ChunkType>(header.type)) {
    case ChunkType::kRoom:
    case ChunkType::kEnding:
    case ChunkType::kMetadata:
      return header.stored_bytes <= kMaxJsonBytes;
    case ChunkType::kEvents:
      return header.stream < kMaxStreams && header.records > 0 &&
             header.raw_bytes <= kMaxChunkRawBytes &&
             header.records <= header.raw_bytes / kMinRecordBytes;
  }
  return true;  // of a later minor version: skipped
}

std::size_t loss_class(std::uint8_t kind) {
  switch (static_cast<triptych_event_kind>(kind)) {
    case TRIPTYCH_EV_SWITCH:
    case TRIPTYCH_EV_ARRIVAL:
      return TRIPTYCH_LOSS_SWITCH;
    case TRIPTYCH_EV_WAKEUP:
      return TRIPTYCH_LOSS_WAKEUP;
    case TRIPTYCH_EV_TASK_NEW:
    case TRIPTYCH_EV_TASK_SEEN:
    case TRIPTYCH_EV_TASK_BASELINE:
    case TRIPTYCH_EV_CLONE_RETURN:
    case TRIPTYCH_EV_TASK_EXEC:
    case TRIPTYCH_EV_TASK_RENAME:
    case TRIPTYCH_EV_TASK_EXIT:
    case TRIPTYCH_EV_TASK_END:
    case TRIPTYCH_EV_TASK_FREE:
      return TRIPTYCH_LOSS_TASK;
    case TRIPTYCH_EV_FAULT:
      return TRIPTYCH_LOSS_FAULT;
    case TRIPTYCH_EV_MARK:
      return TRIPTYCH_LOSS_MARK;
    case TRIPTYCH_EV_TASK_SUMMARY:
      return TRIPTYCH_LOSS_SUMMARY;
    case TRIPTYCH_EV_INVALID:
    case TRIPTYCH_EV_LOST:
    case TRIPTYCH_EV_COROUTINE:
    case TRIPTYCH_EV_COROUTINE_SPACE:
    case TRIPTYCH_EV_COROUTINE_FUNCTION:
    case TRIPTYCH_EV_COROUTINE_TOTALS:
    case TRIPTYCH_EV_COROUTINE_LOST:
    case TRIPTYCH_EV_STACK:
    case TRIPTYCH_EV_STACK_OF:
    case TRIPTYCH_EV_SAMPLE:
    case TRIPTYCH_EV_KERNEL_SYMBOL:
    case TRIPTYCH_EV_MAP:
    case TRIPTYCH_EV_STACK_BYTES:
    case TRIPTYCH_EV_STACK_COPY:
    case TRIPTYCH_EV_FILE_SYMBOL:
    case TRIPTYCH_EV_FILE_INLINED:
    case TRIPTYCH_EV_JIT_SYMBOL:
    case TRIPTYCH_EV_COROUTINE_WAIT:
    case TRIPTYCH_EV_COROUTINE_FILE:
    case TRIPTYCH_EV_COROUTINE_INSIDE:
      break;  // none that the kernel side counts
  }
  // "kinds 10 to 19", those of a later version included
  return kind >= 10 && kind <= 19 ? std::size_t{TRIPTYCH_LOSS_TASK} : model::kLossClasses;
}

bool is_of_stacks(std::uint8_t kind) {
  return kind == TRIPTYCH_EV_STACK || kind == TRIPTYCH_EV_STACK_OF ||
         kind == TRIPTYCH_EV_KERNEL_SYMBOL || kind == TRIPTYCH_EV_MAP ||
         kind == TRIPTYCH_EV_STACK_BYTES || kind == TRIPTYCH_EV_STACK_COPY ||
         kind == TRIPTYCH_EV_FILE_SYMBOL || kind == TRIPTYCH_EV_FILE_INLINED ||
         kind == TRIPTYCH_EV_JIT_SYMBOL;
}

}  // namespace triptych::trace
