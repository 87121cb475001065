// SPDX-License-Identifier: Apache-2.0
#include "trace/file_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "abi/events.h"
#include "decode/decode.hpp"
#include "trace/chunk_index.hpp"
#include "trace/counters_quality.hpp"
#include "trace/format.hpp"
#include "trace/stream_cursor.hpp"

namespace triptych::trace {
namespace {

using model::Quality;

class FileSource final : public Source {
 public:
  FileSource(InputFile file, std::string name);

  [[nodiscard]] const model::Metadata& metadata() const override { return index_.metadata; }
  bool next(model::Event& event) override;
  [[nodiscard]] const std::optional<model::Ending>& ending() const override {
    return index_.ending;
  }
  [[nodiscard]] const model::DataQuality& quality() const override { return quality_; }
  [[nodiscard]] std::uint64_t stored_bytes() const override { return index_.event_bytes; }
  [[nodiscard]] const std::optional<Error>& error() const override { return error_; }

 private:
  // A stream that has records, by the time of its first; the heap's top is the earliest.
  struct Entry {
    std::uint64_t ts_ns = 0;
    StreamCursor* cursor = nullptr;
  };

  [[nodiscard]] static bool before(const Entry& a, const Entry& b) {
    // Cursors lie in the order of their streams: equal times come in that order.
    return a.ts_ns != b.ts_ns ? a.ts_ns < b.ts_ns : a.cursor < b.cursor;
  }
  void advance();
  void sift_down(std::size_t at);
  bool deliver(decode::Status status, bool synthetic, model::Event& event);
  void finish();

  InputFile file_;
  std::string name_;
  ChunkIndex index_;
  model::DataQuality quality_;
  CursorContext context_;
  std::vector<StreamCursor> cursors_;
  std::vector<Entry> heap_;
  std::uint64_t last_ts_ns_ = 0;
  bool finished_ = false;
  std::optional<Error> error_;
};

FileSource::FileSource(InputFile file, std::string name)
    : file_(std::move(file)),
      name_(std::move(name)),
      index_(index_chunks(file_)),
      quality_(index_.quality),
      context_{.file = file_, .index = index_, .quality = quality_} {
  cursors_.reserve(index_.streams);
  for (std::uint32_t stream = 0; stream < index_.streams; ++stream) {
    StreamCursor& cursor = cursors_.emplace_back(context_, stream);
    if (!cursor.at_end()) heap_.push_back({cursor.head().ts_ns, &cursor});
  }
  for (std::size_t at = heap_.size(); at-- > 0;) sift_down(at);
}

void FileSource::sift_down(std::size_t at) {
  const Entry moved = heap_[at];
  for (;;) {
    std::size_t child = 2 * at + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(heap_[child + 1], heap_[child])) ++child;
    if (!before(heap_[child], moved)) break;
    heap_[at] = heap_[child];
    at = child;
  }
  heap_[at] = moved;
}

void FileSource::advance() {
  Entry& top = heap_.front();
  top.cursor->pop();
  if (top.cursor->at_end()) {
    top = heap_.back();
    heap_.pop_back();
    if (heap_.empty()) return;
  } else {
    top.ts_ns = top.cursor->head().ts_ns;
  }
  sift_down(0);
}

bool FileSource::deliver(decode::Status status, bool synthetic, model::Event& event) {
  switch (status) {
    case decode::Status::kOk:
      break;
    case decode::Status::kMalformed:
      quality_.add(Quality::malformed_records);
      return false;
    case decode::Status::kUnknownKind:
      quality_.add(Quality::unknown_records);
      return false;
  }
  if (event.ts_ns < last_ts_ns_) {
    quality_.add(Quality::late_events);
    event.ts_ns = last_ts_ns_;
  }
  last_ts_ns_ = event.ts_ns;
  if (!index_.ending && !synthetic) {
    if (const auto* lost = std::get_if<model::Lost>(&event.payload)) add_lost(*lost, quality_);
  }
  return true;
}

bool FileSource::next(model::Event& event) {
  while (!heap_.empty()) {
    const StreamCursor& cursor = *heap_.front().cursor;
    const bool synthetic = cursor.head().synthetic;
    decode::Status status = decode::Status::kOk;
    if (synthetic) {
      event = cursor.synthetic_event();
    } else {
      status = decode::decode(cursor.record(), event);
    }
    advance();
    if (deliver(status, synthetic, event)) return true;
  }
  finish();
  return false;
}

void FileSource::finish() {
  if (finished_) return;
  finished_ = true;
  if (file_.error() != 0) error_ = system_error("cannot read " + name_, file_.error());
  if (!index_.ending) return;
  add_counters(index_.ending->counters, index_.metadata, quality_);
  const bool whole =
      quality_[Quality::damaged_chunks] == 0 && quality_[Quality::truncated_bytes] == 0 && !error_;
  if (whole) {
    quality_.set(Quality::unaccounted,
                 unaccounted_records(index_.ending->counters, context_.class_records));
  }
}

Result<void> check_version(const FileHeader& header, const std::string& name) {
  // A header that does not match its checksum says nothing about its version: that is damage.
  if (!intact(header)) return {};
  if (header.format_major != kFormatMajor || header.abi_major != TRIPTYCH_ABI_MAJOR) {
    return fail(fmt::format("{} has trace format {}.{} with records {}.{}; this triptych reads "
                            "format {}.x with records {}.x",
                            name, header.format_major, header.format_minor, header.abi_major,
                            header.abi_minor, kFormatMajor, TRIPTYCH_ABI_MAJOR),
                "use the version of triptych that recorded it, or a later one", ErrorCode::kUsage);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Source>> open_file_source(InputFile file, const std::string& name) {
  FileHeader header{};
  const std::size_t there =
      static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), sizeof header));
  if (!file.read_at(0, std::as_writable_bytes(std::span(&header, 1)).first(there))) {
    return fail_errno("cannot read " + name, file.error() != 0 ? file.error() : EIO);
  }
  if (there == sizeof header) TRIPTYCH_TRY(check_version(header, name));
  return std::unique_ptr<Source>(std::make_unique<FileSource>(std::move(file), name));
}

}  // namespace triptych::trace
