// SPDX-License-Identifier: Apache-2.0
#include "trace/writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "abi/events.h"
#include "trace/codec.hpp"
#include "trace/format.hpp"
#include "trace/metadata_json.hpp"

namespace triptych::trace {
namespace {

// Large enough that the codec's tables and the header do not count, small enough that 64 streams
// take 16 MiB at most.
constexpr std::size_t kChunkRawBytes = 256 << 10;

struct Stream {
  std::vector<std::byte> raw;   // gathered, not yet written
  ChunkHeader pending{};        // of what is gathered
  std::uint64_t written = 0;    // records
  std::uint64_t of_stacks = 0;  // of what is gathered
};

template <class T>
void append_bytes(std::vector<std::byte>& out, const T* from, std::size_t count) {
  const std::size_t at = out.size();
  out.resize(at + count * sizeof(T));
  std::memcpy(out.data() + at, from, count * sizeof(T));
}

}  // namespace

struct Writer::Impl {
  UniqueFd fd;
  std::vector<Stream> streams;
  ChunkEncoder encoder;
  std::vector<std::byte> chunk;
  std::uint64_t offset = 0;  // where the next chunk goes: the end of the readable file
  std::uint64_t records = 0;
  std::uint64_t of_stacks = 0;
  std::uint64_t lost = 0;
  std::optional<Error> failure;

  Result<void> write_at(std::uint64_t at, std::span<const std::byte> bytes);
  Result<void> write_json_chunk(ChunkType type, std::string_view json);
  Result<void> write_stream(Stream& stream);
  Result<void> write_ending(const model::Ending& ending);
  tl::unexpected<Error> fail_for_good(Error error);
};

Result<void> Writer::Impl::write_at(std::uint64_t at, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      const int reason = done < 0 ? errno : EIO;
      return fail_errno(
          "cannot write the trace file", reason,
          reason == ENOSPC ? "make room on the disk, or write to another with -o" : "");
    }
    at += static_cast<std::uint64_t>(done);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

Result<void> Writer::Impl::write_json_chunk(ChunkType type, std::string_view json) {
  ChunkHeader header{};
  header.type = static_cast<std::uint16_t>(type);
  seal(header, std::as_bytes(std::span(json)));
  chunk.clear();
  append_bytes(chunk, &header, 1);
  append_bytes(chunk, json.data(), json.size());
  TRIPTYCH_TRY(write_at(offset, chunk));
  offset += chunk.size();
  return {};
}

// From here on only the ending is written: a later chunk would make what is missing look like a
// loss of the rings.
tl::unexpected<Error> Writer::Impl::fail_for_good(Error error) {
  failure = std::move(error);
  // Half a chunk reads as a truncated file; where even this fails, that is what it will be.
  if (::ftruncate(fd.get(), static_cast<off_t>(offset)) != 0) chunk.clear();
  for (Stream& stream : streams) {
    lost += stream.pending.records;
    of_stacks -= stream.of_stacks;
    stream.raw = {};
    stream.pending = {};
    stream.of_stacks = 0;
  }
  return tl::unexpected<Error>(*failure);
}

Result<void> Writer::Impl::write_stream(Stream& stream) {
  ChunkHeader& header = stream.pending;
  if (header.records == 0) return {};
  chunk.resize(sizeof header);
  if (!encoder.encode(stream.raw, chunk)) {
    return fail_for_good({ErrorCode::kFailed, "cannot compress the trace: out of memory", {}});
  }
  header.type = static_cast<std::uint16_t>(ChunkType::kEvents);
  header.stream = static_cast<std::uint32_t>(&stream - streams.data());
  header.raw_bytes = static_cast<std::uint32_t>(stream.raw.size());
  header.first_record = stream.written;
  seal(header, std::span(chunk).subspan(sizeof header));
  std::memcpy(chunk.data(), &header, sizeof header);
  if (auto written = write_at(offset, chunk); !written) {
    return fail_for_good(std::move(written.error()));
  }
  offset += chunk.size();
  stream.written += header.records;
  stream.raw.clear();
  stream.of_stacks = 0;
  header = {};
  return {};
}

Result<void> Writer::Impl::write_ending(const model::Ending& ending) {
  model::Ending final = ending;
  final.counters.disk_lost = std::max(final.counters.disk_lost, lost);
  std::string json = to_json(final);
  const std::size_t fixed = sizeof(EndingHead) + streams.size() * sizeof(std::uint64_t);
  if (fixed + json.size() > kEndingRoomBytes) {
    // Only texts can be that long: the numbers matter more.
    final.reason.resize(std::min<std::size_t>(final.reason.size(), 100));
    final.counted_faults.remark.resize(
        std::min<std::size_t>(final.counted_faults.remark.size(), 100));
    json = to_json(final);
  }
  const EndingHead head{offset, static_cast<std::uint32_t>(streams.size()),
                        static_cast<std::uint32_t>(json.size())};
  chunk.clear();
  append_bytes(chunk, &head, 1);
  for (const Stream& stream : streams) append_bytes(chunk, &stream.written, 1);
  append_bytes(chunk, json.data(), json.size());
  if (chunk.size() > kEndingRoomBytes) return fail("the ending does not fit into its room");
  chunk.resize(kEndingRoomBytes);
  ChunkHeader header{};
  header.type = static_cast<std::uint16_t>(ChunkType::kEnding);
  seal(header, chunk);
  const auto* bytes = reinterpret_cast<const std::byte*>(&header);
  chunk.insert(chunk.begin(), bytes, bytes + sizeof header);
  return write_at(sizeof(FileHeader), chunk);
}

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(UniqueFd fd, const model::Metadata& metadata, std::uint32_t streams) {
  if (streams == 0 || streams > kMaxStreams) {
    return fail(fmt::format("a trace file has 1 to {} streams, not {}", kMaxStreams, streams));
  }
  auto impl = std::make_unique<Impl>();
  impl->fd = std::move(fd);
  impl->streams.resize(streams);
  const FileHeader header = make_file_header(streams);
  TRIPTYCH_TRY(impl->write_at(0, std::as_bytes(std::span(&header, 1))));
  impl->offset = sizeof header;
  TRIPTYCH_TRY(impl->write_json_chunk(ChunkType::kRoom, std::string(kEndingRoomBytes, '\0')));
  TRIPTYCH_TRY(impl->write_json_chunk(ChunkType::kMetadata, to_json(metadata)));
  return Writer(std::move(impl));
}

Result<void> Writer::append(std::uint32_t stream_number, std::span<const std::byte> record) {
  triptych_hdr header;
  if (stream_number >= impl_->streams.size()) {
    return fail(
        fmt::format("a record of ring {}, but there are {}", stream_number, impl_->streams.size()));
  }
  if (record.size() < sizeof header) return fail("a record is shorter than its header");
  std::memcpy(&header, record.data(), sizeof header);
  if (header.size8 * std::size_t{8} != record.size()) {
    return fail(
        fmt::format("a record of {} bytes says that it has {}", record.size(), header.size8 * 8));
  }
  ++impl_->records;
  if (impl_->failure) {
    ++impl_->lost;
    return tl::unexpected<Error>(*impl_->failure);
  }
  Stream& stream = impl_->streams[stream_number];
  Result<void> written;
  if (stream.raw.size() + record.size() > kChunkRawBytes) written = impl_->write_stream(stream);
  if (!written) {
    ++impl_->lost;
    return written;
  }
  if (stream.raw.capacity() == 0) stream.raw.reserve(kChunkRawBytes);
  append_bytes(stream.raw, record.data(), record.size());
  ChunkHeader& pending = stream.pending;
  const bool first = pending.records++ == 0;
  pending.first_ts_ns =
      first ? header.ts_ns : std::min<std::uint64_t>(pending.first_ts_ns, header.ts_ns);
  pending.last_ts_ns = std::max<std::uint64_t>(pending.last_ts_ns, header.ts_ns);
  if (is_of_stacks(header.kind)) {
    ++stream.of_stacks;
    ++impl_->of_stacks;
  }
  const std::size_t loss = loss_class(header.kind);
  if (loss < model::kLossClasses) ++pending.class_records[loss];
  return {};
}

Result<void> Writer::flush(std::uint64_t now_ns, std::uint64_t max_age_ns) {
  if (impl_->failure) return tl::unexpected<Error>(*impl_->failure);
  for (Stream& stream : impl_->streams) {
    const std::uint64_t first_ns = stream.pending.first_ts_ns;
    const std::uint64_t age_ns = now_ns > first_ns ? now_ns - first_ns : 0;
    if (max_age_ns != 0 && age_ns < max_age_ns) continue;
    TRIPTYCH_TRY(impl_->write_stream(stream));
  }
  return {};
}

Result<void> Writer::finish(const model::Ending& ending) {
  const bool failed_before = impl_->failure.has_value();
  Result<void> rest;
  if (!failed_before) rest = flush(0, 0);
  Result<void> end = impl_->write_ending(ending);
  return rest ? end : rest;
}

std::uint64_t Writer::records() const {
  return impl_->records;
}
std::uint64_t Writer::records_of_stacks() const {
  return impl_->of_stacks;
}
std::uint64_t Writer::bytes_written() const {
  return impl_->offset;
}
std::uint64_t Writer::records_lost() const {
  return impl_->lost;
}

}  // namespace triptych::trace
