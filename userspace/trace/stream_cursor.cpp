// SPDX-License-Identifier: Apache-2.0
#include "trace/stream_cursor.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <numeric>
#include <type_traits>

namespace triptych::trace {
namespace {

using model::Quality;

// To which a loss is spread at most, whatever the metadata say.
constexpr std::uint32_t kMaxCpusOfRing = 64;

bool earlier(const RecordRef& a, const RecordRef& b) {
  return a.ts_ns < b.ts_ns;
}

// Stable. Cheap for what is nearly sorted already; hostile input falls back to the general way.
void sort_nearly_sorted(std::vector<RecordRef>& refs) {
  std::size_t budget = 4 * refs.size() + 1024;
  for (std::size_t i = 1; i < refs.size(); ++i) {
    if (!earlier(refs[i], refs[i - 1])) continue;
    const RecordRef late = refs[i];
    std::size_t to = i;
    for (; to > 0 && earlier(late, refs[to - 1]) && budget > 0; --to, --budget) {
      refs[to] = refs[to - 1];
    }
    refs[to] = late;
    if (budget == 0) break;
  }
  if (budget == 0) std::stable_sort(refs.begin(), refs.end(), earlier);
}

// Appends a record to the bytes of a chunk that is already decoded.
RecordRef append_record(DecodedChunk& chunk, std::span<const std::byte> record, RecordRef ref) {
  ref.offset = static_cast<std::uint32_t>(chunk.bytes.size());
  ref.size = static_cast<std::uint16_t>(record.size());
  chunk.bytes.insert(chunk.bytes.end(), record.begin(), record.end());
  return ref;
}

// A chunk's header counts its records by class, but for those that tell of losses themselves.
model::Lost kinds_of(const ChunkHeader& header) {
  model::Lost missing;
  std::copy(std::begin(header.class_records), std::end(header.class_records),
            missing.counts.begin());
  const std::uint64_t classed = missing.records();
  missing.unknown_kind = header.records - std::min<std::uint64_t>(header.records, classed);
  return missing;
}

}  // namespace

StreamCursor::StreamCursor(CursorContext& context, std::uint32_t stream)
    : context_(context), chunks_(context.index.events[stream]), stream_(stream) {
  covered_ns_ = context.index.metadata.start_ns != 0 ? context.index.metadata.start_ns
                                                     : context.index.first_ts_ns;
  load();
}

void StreamCursor::load() {
  while (head_ == ready_ && !finished_) {
    context_.fresh.bytes.clear();
    context_.fresh.order.clear();
    if (next_chunk_ < chunks_.size()) {
      load_chunk(chunks_[next_chunk_++]);
    } else {
      note_missing_at_end();
      finished_ = true;
    }
    start_batch();
  }
}

// Reads header and payload at once; the header was intact when the file was indexed.
bool StreamCursor::read_chunk(const ChunkRef& ref, ChunkHeader& header) {
  context_.buffer.resize(ref.bytes);
  if (!context_.file.read_at(ref.offset, context_.buffer)) return false;
  std::memcpy(&header, context_.buffer.data(), sizeof header);
  return intact(header) && header.stream == stream_ &&
         sizeof header + header.stored_bytes == ref.bytes;
}

void StreamCursor::load_chunk(const ChunkRef& ref) {
  ChunkHeader header;
  if (!read_chunk(ref, header) || header.first_record < next_record_) {
    // Gone since, or there twice. What is gone shows as a gap before the next chunk.
    context_.quality.add(Quality::damaged_chunks);
    return;
  }
  const std::span payload = std::span(context_.buffer).subspan(sizeof header);
  const bool good =
      crc_of(payload) == header.payload_crc &&
      context_.decoder.decode(payload, header.raw_bytes, header.records, context_.fresh);
  if (!good) {
    context_.fresh.bytes.clear();
    context_.fresh.order.clear();
  }
  note_missing_before(header);
  next_record_ = header.first_record + header.records;
  if (good) {
    for (std::size_t i = 0; i < model::kLossClasses; ++i) {
      context_.class_records[i] += header.class_records[i];
    }
  } else {
    context_.quality.add(Quality::damaged_chunks);
    const model::Lost missing = kinds_of(header);
    // A record of unknown kind may itself have told of a loss since the chunk before.
    const std::uint64_t first_ns =
        missing.unknown_kind != 0 ? std::min(covered_ns_, header.first_ts_ns) : header.first_ts_ns;
    add_missing(missing, first_ns, header.last_ts_ns);
  }
  covered_ns_ = std::max(covered_ns_, header.last_ts_ns);
}

void StreamCursor::note_missing_before(const ChunkHeader& header) {
  if (header.first_record == next_record_) return;
  add_missing(kinds_of_missing(header.first_record - next_record_), covered_ns_,
              header.first_ts_ns);
}

void StreamCursor::note_missing_at_end() {
  const ChunkIndex& index = context_.index;
  if (stream_ < index.stream_records.size()) {
    const std::uint64_t records = index.stream_records[stream_];
    if (records > next_record_) {
      add_missing(kinds_of_missing(records - next_record_), covered_ns_, index.ending->end_ns);
    }
    return;
  }
  // Nobody knows whose chunks stood where the damage is: they may have been this stream's last.
  const std::uint64_t end = chunks_.empty() ? 0 : chunks_.back().offset;
  if (index.damage_end > end) add_missing({}, covered_ns_, index.last_ts_ns);
}

// Where the header is gone too, nobody knows the kinds; but when nothing else is missing in the
// file, they are what the probes produced and the file does not have.
model::Lost StreamCursor::kinds_of_missing(std::uint64_t records) const {
  const ChunkIndex& index = context_.index;
  const model::Lost unknown{.unknown_kind = records};
  if (!index.ending || index.ending->counters.disk_lost != 0) return unknown;
  const std::uint64_t all =
      std::accumulate(index.stream_records.begin(), index.stream_records.end(), std::uint64_t{0});
  if (all - index.records != records) return unknown;
  const model::ProbeCounters& counters = index.ending->counters;
  model::Lost known;
  for (std::size_t i = 0; i < model::kLossClasses; ++i) {
    const std::uint64_t missing = counters.produced[i] - counters.lost[i] - index.class_records[i];
    if (missing > records) return unknown;  // also where the account does not add up
    known.counts[i] = static_cast<std::uint32_t>(missing);
    if (known.counts[i] != missing) return unknown;
  }
  return known.records() == records ? known : unknown;
}

void StreamCursor::add_synthetic(const model::Event& event) {
  static_assert(std::is_trivially_copyable_v<model::Event>);
  const RecordRef ref{.ts_ns = event.ts_ns, .offset = 0, .size = 0, .synthetic = true};
  const auto bytes = std::as_bytes(std::span(&event, 1));
  context_.fresh.order.push_back(append_record(context_.fresh, bytes, ref));
}

model::Event StreamCursor::synthetic_event() const {
  model::Event event;
  std::memcpy(&event, record().data(), sizeof event);
  return event;
}

// A ring serves every CPU whose number is the ring's, modulo the number of rings.
void StreamCursor::add_missing(model::Lost missing, std::uint64_t first_ns, std::uint64_t last_ns) {
  last_ns = std::max(first_ns, last_ns);
  context_.quality.add(Quality::missing_records, missing.records());
  const std::uint32_t of_coroutines = context_.index.metadata.coroutine_stream;
  if (of_coroutines != 0 && stream_ == of_coroutines) {
    return add_synthetic(
        {.ts_ns = last_ns,
         .payload = model::CoroutineLost{.first_ns = first_ns,
                                         .last_ns = last_ns,
                                         .count = std::max<std::uint64_t>(missing.records(), 1),
                                         .reason = model::CoroutineLoss::kDamage}});
  }
  const std::uint32_t of_maps = context_.index.metadata.map_stream;
  if (of_maps != 0 && stream_ == of_maps) {
    // Names are missing, but no event.
    return context_.quality.add(Quality::lost_maps, std::max<std::uint64_t>(missing.records(), 1));
  }
  missing.first_ns = first_ns;
  missing.last_ns = last_ns;
  missing.damaged = true;
  const std::uint32_t all = context_.index.streams;
  const std::uint32_t others = (of_coroutines != 0 && of_coroutines < all ? 1u : 0u) +
                               (of_maps != 0 && of_maps < all ? 1u : 0u);
  const std::uint32_t streams = std::max(all - std::min(all, others), 1u);
  const std::uint32_t cpus = std::min(context_.index.metadata.host.cpus, streams * kMaxCpusOfRing);
  for (std::uint32_t cpu = stream_; cpu == stream_ || cpu < cpus; cpu += streams) {
    add_synthetic({.ts_ns = last_ns,
                   .task = model::kNoTask,
                   .cpu = static_cast<std::uint16_t>(cpu),
                   .payload = missing});
  }
}

// The new batch: what was held back and what is fresh, sorted.
void StreamCursor::start_batch() {
  DecodedChunk& fresh = context_.fresh;
  bool sorted = true;
  for (const RecordRef& ref : fresh.order) {
    if (ref.synthetic) {
      sorted = false;
    } else if (ref.ts_ns < max_ts_ns_) {
      sorted = false;
      context_.quality.add(Quality::out_of_order);
    } else {
      max_ts_ns_ = ref.ts_ns;
    }
  }
  const std::size_t held = batch_.order.size() - head_;
  fresh.order.insert(fresh.order.begin(), held, RecordRef{});
  for (std::size_t i = 0; i < held; ++i) {
    const RecordRef& ref = batch_.order[head_ + i];
    fresh.order[i] = append_record(fresh, batch_.record(ref), ref);
  }
  std::swap(batch_, fresh);
  if (!sorted) sort_nearly_sorted(batch_.order);
  head_ = 0;
  const std::size_t size = batch_.order.size();
  ready_ = finished_ ? size : size - std::min(size, kHoldBack);
}

}  // namespace triptych::trace
