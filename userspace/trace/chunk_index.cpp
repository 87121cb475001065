// SPDX-License-Identifier: Apache-2.0
#include "trace/chunk_index.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "trace/metadata_json.hpp"

namespace triptych::trace {
namespace {

using model::Quality;

constexpr std::size_t kWindowBytes = 64 << 10;
constexpr std::uint64_t kFirstEvents =
    sizeof(FileHeader) + sizeof(ChunkHeader) + kEndingRoomBytes + sizeof(ChunkHeader);

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Indexer {
 public:
  explicit Indexer(InputFile& file) : file_(file) {}

  ChunkIndex run();

 private:
  void read_file_header();
  bool read_header(std::uint64_t offset, ChunkHeader& header);
  std::uint64_t find_header(std::uint64_t from);
  void take_chunk(std::uint64_t offset, const ChunkHeader& header);
  bool read_payload(std::uint64_t offset, const ChunkHeader& header);
  void take_ending();
  void note_file_end(std::uint64_t end);

  InputFile& file_;
  ChunkIndex index_;
  std::vector<std::byte> payload_;
  std::uint64_t file_bytes_ = 0;  // as the ending has it
  bool has_metadata_ = false;
};

void Indexer::read_file_header() {
  FileHeader header;
  if (!file_.read_at(0, std::as_writable_bytes(std::span(&header, 1))) || !intact(header)) {
    index_.quality.add(Quality::damaged_chunks);
    return;
  }
  index_.streams = std::min(header.streams, kMaxStreams);
}

bool Indexer::read_header(std::uint64_t offset, ChunkHeader& header) {
  return file_.read_at(offset, std::as_writable_bytes(std::span(&header, 1))) && intact(header);
}

// The first intact header at or behind `from`, or the size of the file.
std::uint64_t Indexer::find_header(std::uint64_t from) {
  const std::string_view magic(reinterpret_cast<const char*>(kChunkMagic), sizeof kChunkMagic);
  std::vector<std::byte> window(kWindowBytes);
  while (file_.size() - from >= sizeof(ChunkHeader)) {
    const auto size = std::min<std::uint64_t>(window.size(), file_.size() - from);
    const std::span bytes = std::span(window).first(static_cast<std::size_t>(size));
    if (!file_.read_at(from, bytes)) break;
    const std::string_view text = text_of(bytes);
    for (std::size_t at = text.find(magic); at != text.npos; at = text.find(magic, at + 1)) {
      ChunkHeader header;
      if (read_header(from + at, header)) return from + at;
    }
    if (size < window.size()) break;
    from += size - (magic.size() - 1);
  }
  return file_.size();
}

bool Indexer::read_payload(std::uint64_t offset, const ChunkHeader& header) {
  payload_.resize(header.stored_bytes);
  if (file_.read_at(offset + sizeof header, payload_) && crc_of(payload_) == header.payload_crc) {
    return true;
  }
  index_.quality.add(Quality::damaged_chunks);
  return false;
}

void Indexer::take_ending() {
  EndingHead head;
  if (payload_.size() < sizeof head) return index_.quality.add(Quality::malformed_records);
  std::memcpy(&head, payload_.data(), sizeof head);
  const std::size_t counts = std::size_t{std::min(head.streams, kMaxStreams)} * 8;
  const std::size_t json_at = sizeof head + counts;
  if (head.streams > kMaxStreams || payload_.size() < json_at ||
      payload_.size() - json_at < head.json_bytes) {
    return index_.quality.add(Quality::malformed_records);
  }
  model::Ending ending;
  std::uint64_t bad = 0;
  if (!from_json(text_of(payload_).substr(json_at, head.json_bytes), ending, bad)) {
    return index_.quality.add(Quality::malformed_records);
  }
  index_.quality.add(Quality::malformed_records, bad);
  index_.ending = std::move(ending);
  index_.stream_records.resize(head.streams);
  std::memcpy(index_.stream_records.data(), payload_.data() + sizeof head, counts);
  index_.streams = std::max(index_.streams, head.streams);
  file_bytes_ = head.file_bytes;
}

void Indexer::take_chunk(std::uint64_t offset, const ChunkHeader& header) {
  switch (static_cast<ChunkType>(header.type)) {
    case ChunkType::kRoom:
      return;
    case ChunkType::kEnding:
      if (!index_.ending && read_payload(offset, header)) take_ending();
      return;
    case ChunkType::kMetadata:
      if (!has_metadata_ && read_payload(offset, header)) {
        std::uint64_t bad = 0;
        has_metadata_ = from_json(text_of(payload_), index_.metadata, bad);
        index_.quality.add(Quality::malformed_records, bad + (has_metadata_ ? 0 : 1));
      }
      return;
    case ChunkType::kEvents: {
      const std::uint32_t bytes = static_cast<std::uint32_t>(sizeof header) + header.stored_bytes;
      const bool first = index_.event_bytes == 0;
      index_.events[header.stream].push_back({offset, bytes});
      index_.streams = std::max(index_.streams, header.stream + 1);
      index_.event_bytes += bytes;
      index_.records += header.records;
      for (std::size_t i = 0; i < model::kLossClasses; ++i) {
        index_.class_records[i] += header.class_records[i];
      }
      index_.first_ts_ns =
          first ? header.first_ts_ns : std::min(index_.first_ts_ns, header.first_ts_ns);
      index_.last_ts_ns = std::max(index_.last_ts_ns, header.last_ts_ns);
      return;
    }
  }
}

// `end` is where the last whole chunk ends.
void Indexer::note_file_end(std::uint64_t end) {
  if (file_bytes_ > file_.size()) {
    index_.quality.add(Quality::truncated_bytes, file_bytes_ - file_.size());
  } else {
    index_.quality.add(Quality::truncated_bytes, file_.size() - end);
  }
  if (!index_.ending) index_.quality.add(Quality::recording_cut);
}

ChunkIndex Indexer::run() {
  read_file_header();
  std::uint64_t at = std::min<std::uint64_t>(sizeof(FileHeader), file_.size());
  while (file_.size() - at >= sizeof(ChunkHeader)) {
    ChunkHeader header;
    if (!read_header(at, header)) {
      const std::uint64_t next = find_header(at + 1);
      index_.quality.add(Quality::damaged_chunks);
      if (next > kFirstEvents) index_.damage_end = next;
      at = next;
      continue;
    }
    const std::uint64_t bytes = sizeof header + header.stored_bytes;
    if (file_.size() - at < bytes) break;
    take_chunk(at, header);
    at += bytes;
  }
  note_file_end(at);
  return std::move(index_);
}

}  // namespace

ChunkIndex index_chunks(InputFile& file) {
  return Indexer(file).run();
}

}  // namespace triptych::trace
