// SPDX-License-Identifier: Apache-2.0
//
// Damaged, truncated and unfinished files: what can be read is delivered and nothing else, and the
// rest is said to be missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "trace/codec.hpp"
#include "trace/format.hpp"
#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

constexpr std::uint64_t kEndNs = 1'000'000;  // sample_ending's
constexpr std::size_t kRoom = sizeof(FileHeader) + sizeof(ChunkHeader);

struct Chunk {
  std::size_t offset = 0;
  ChunkHeader header{};

  [[nodiscard]] std::size_t end() const { return offset + sizeof header + header.stored_bytes; }
};

// Six chunks of events of 10 records each: streams 0, 1, 0, 1, 0, 1; times 1000, 1010, …
class DamageTest : public testing::Test {
 protected:
  DamageTest() { finish_with(sample_ending()); }

  void finish_with(const model::Ending& ending) {
    events_.clear();
    chunks_.clear();
    const test::MemoryFile file;
    auto writer = Writer::create(file.fd(), sample_metadata(), 2);
    TRIPTYCH_CHECK(writer);
    for (std::uint32_t i = 0; i < 60; ++i) {
      const std::uint32_t stream = i / 10 % 2;
      events_.push_back(switch_event(1'000 + i * 10, 100 + i, static_cast<std::uint16_t>(stream)));
      TRIPTYCH_CHECK(append(*writer, stream, events_.back()));
      if (i % 10 == 9) TRIPTYCH_CHECK(writer->flush(0, 0));
    }
    cut_ = file.contents();
    TRIPTYCH_CHECK(writer->finish(ending));
    whole_ = file.contents();
    for (std::size_t at = sizeof(FileHeader); at < whole_.size(); at = chunks_.back().end()) {
      Chunk chunk;
      chunk.offset = at;
      std::memcpy(&chunk.header, whole_.data() + at, sizeof chunk.header);
      TRIPTYCH_CHECK(intact(chunk.header));
      chunks_.push_back(chunk);
    }
    TRIPTYCH_CHECK(chunks_.size() == 8);
  }

  [[nodiscard]] const Chunk& events_chunk(std::size_t i) const { return chunks_[2 + i]; }

  void destroy(std::vector<std::byte>& bytes, std::size_t at) const {
    bytes[at] ^= std::byte{0xff};
  }

  // The events of all chunks but some, and the losses.
  [[nodiscard]] std::vector<model::Event> without(std::vector<std::size_t> missing,
                                                  std::vector<model::Event> losses) const {
    std::vector<model::Event> expected;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (std::count(missing.begin(), missing.end(), i / 10) == 0) expected.push_back(events_[i]);
    }
    expected.insert(expected.end(), losses.begin(), losses.end());
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& a, const auto& b) { return a.ts_ns < b.ts_ns; });
    return expected;
  }

  static model::Event lost(std::uint16_t cpu, std::uint64_t first_ns, std::uint64_t last_ns,
                           std::array<std::uint32_t, 6> counts, std::uint64_t unknown_kind = 0) {
    return {.ts_ns = last_ns,
            .task = model::kNoTask,
            .cpu = cpu,
            .payload = model::Lost{.first_ns = first_ns,
                                   .last_ns = last_ns,
                                   .counts = counts,
                                   .unknown_kind = unknown_kind,
                                   .damaged = true}};
  }

  // Whatever was delivered besides losses is there, in the right order.
  void expect_subset(const Contents& contents) const {
    std::size_t next = 0;
    for (const model::Event& event : contents.events) {
      if (std::holds_alternative<model::Lost>(event.payload)) continue;
      while (next < events_.size() && !(events_[next] == event)) ++next;
      ASSERT_LT(next, events_.size()) << "an event that was never written, or in the wrong place";
      ++next;
    }
  }

  std::vector<model::Event> events_;
  std::vector<std::byte> whole_;
  std::vector<std::byte> cut_;  // without an ending
  std::vector<Chunk> chunks_;
};

TEST_F(DamageTest, TheWholeFileIsClean) {
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, events_);
  EXPECT_EQ(nonzero(contents.quality), "");
}

TEST_F(DamageTest, AnyFlippedByteIsNoticedAndNothingIsInvented) {
  for (const bool finished : {true, false}) {
    const std::vector<std::byte>& original = finished ? whole_ : cut_;
    for (std::size_t at = 0; at < original.size(); ++at) {
      for (const unsigned flip : {0x01u, 0xffu}) {
        std::vector<std::byte> bytes = original;
        bytes[at] ^= static_cast<std::byte>(flip);
        const Contents contents = read_all(bytes);
        if (at < sizeof kFileMagic) {
          ASSERT_TRUE(contents.error);
          continue;
        }
        ASSERT_EQ(contents.error, std::nullopt) << at;
        expect_subset(contents);
        if (!finished && at >= kRoom && at < chunks_[0].end()) {
          ASSERT_EQ(contents.events, events_);  // there is nothing in the room to be damaged
          continue;
        }
        ASSERT_GE(contents.quality[model::Quality::damaged_chunks], 1u) << at;
        ASSERT_GE(contents.events.size(), 50u) << at;
      }
    }
  }
}

TEST_F(DamageTest, AnyTruncationIsNoticedAndNothingIsInvented) {
  for (std::size_t size = 0; size < whole_.size(); ++size) {
    const Contents contents = read_all(std::span(whole_).first(size));
    if (size < sizeof kFileMagic) {
      ASSERT_TRUE(contents.error);
      continue;
    }
    ASSERT_EQ(contents.error, std::nullopt) << size;
    expect_subset(contents);
    ASSERT_NE(nonzero(contents.quality), "") << size;
    // The ending knows how long the file was.
    if (size >= chunks_[0].end()) {
      ASSERT_EQ(contents.quality[model::Quality::truncated_bytes], whole_.size() - size);
    }
    for (std::size_t i = 0; i < 6; ++i) {
      if (size < events_chunk(i).end()) continue;
      ASSERT_GE(contents.events.size(), 10 * (i + 1)) << size;
    }
  }
}

TEST_F(DamageTest, WhatAKilledRecorderLeftIsReadUpToTheLastWholeChunk) {
  for (std::size_t size = chunks_[1].end(); size <= cut_.size(); ++size) {
    const Contents contents = read_all(std::span(cut_).first(size));
    std::size_t whole_chunks = 0;
    while (whole_chunks < 6 && events_chunk(whole_chunks).end() <= size) ++whole_chunks;
    const std::size_t end =
        whole_chunks == 0 ? chunks_[1].end() : events_chunk(whole_chunks - 1).end();
    const std::vector<model::Event> expected(
        events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(10 * whole_chunks));
    ASSERT_EQ(contents.events, expected) << size;
    const std::string truncated =
        size == end ? "" : " truncated_bytes=" + std::to_string(size - end);
    ASSERT_EQ(nonzero(contents.quality), "recording_cut=1" + truncated);
  }
}

TEST_F(DamageTest, ADamagedPayloadIsALossOfItsRecords) {
  destroy(whole_, events_chunk(3).offset + sizeof(ChunkHeader) + 5);
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, without({3}, {lost(1, 1'300, 1'390, {10, 0, 0, 0, 0, 0})}));
  EXPECT_EQ(nonzero(contents.quality), "damaged_chunks=1 missing_records=10");
}

TEST_F(DamageTest, ADamagedHeaderIsALossBetweenItsNeighbours) {
  destroy(whole_, events_chunk(2).offset + 20);
  const Contents contents = read_all(whole_);
  // Stream 0 has 1000…1090 before and 1400…1490 after; what kinds of records it was nobody knows.
  EXPECT_EQ(contents.events, without({2}, {lost(0, 1'090, 1'400, {}, 10)}));
  EXPECT_EQ(nonzero(contents.quality), "damaged_chunks=1 missing_records=10");
}

TEST_F(DamageTest, WhatTheProbesProducedAndTheFileHasNotIsWhatOneDamagedPlaceHad) {
  model::Ending ending = sample_ending();
  ending.counters.produced[0] = 63;
  ending.counters.lost[0] = 3;
  finish_with(ending);
  destroy(whole_, events_chunk(2).offset + 20);
  EXPECT_EQ(read_all(whole_).events, without({2}, {lost(0, 1'090, 1'400, {10, 0, 0, 0, 0, 0})}));
  // With a second place nobody knows what stood where.
  destroy(whole_, events_chunk(5).offset);
  EXPECT_EQ(read_all(whole_).events,
            without({2, 5}, {lost(0, 1'090, 1'400, {}, 10), lost(1, 1'390, kEndNs, {}, 10)}));
  // Nor when the disk was full: what it did not take is counted without kinds.
  ending.counters.disk_lost = 1;
  finish_with(ending);
  destroy(whole_, events_chunk(2).offset + 20);
  EXPECT_EQ(read_all(whole_).events, without({2}, {lost(0, 1'090, 1'400, {}, 10)}));
}

TEST_F(DamageTest, ALostFirstChunkIsALossFromTheStart) {
  destroy(whole_, events_chunk(1).offset);
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, without({1}, {lost(1, 100, 1'300, {}, 10)}));
}

TEST_F(DamageTest, ALostLastChunkIsALossUntilTheEnd) {
  destroy(whole_, events_chunk(5).offset);
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, without({5}, {lost(1, 1'390, kEndNs, {}, 10)}));
}

TEST_F(DamageTest, WithoutEndingADamagedTailMayBeOfAnyStream) {
  destroy(cut_, events_chunk(5).offset);
  const Contents contents = read_all(cut_);
  EXPECT_EQ(contents.events, without({5}, {lost(0, 1'490, 1'490, {}), lost(1, 1'390, 1'490, {})}));
  EXPECT_EQ(nonzero(contents.quality), "recording_cut=1 damaged_chunks=1");
}

TEST_F(DamageTest, ATruncatedFinishedFileIsALossUntilTheEnd) {
  const std::size_t size = events_chunk(4).offset + 7;
  const Contents contents = read_all(std::span(whole_).first(size));
  EXPECT_EQ(contents.events,
            without({4, 5}, {lost(0, 1'290, kEndNs, {}, 10), lost(1, 1'390, kEndNs, {}, 10)}));
  EXPECT_EQ(nonzero(contents.quality),
            "truncated_bytes=" + std::to_string(whole_.size() - size) + " missing_records=20");
}

TEST_F(DamageTest, SeveralDamagedChunksInARowAreOnePlace) {
  std::fill(whole_.begin() + static_cast<std::ptrdiff_t>(events_chunk(1).offset),
            whole_.begin() + static_cast<std::ptrdiff_t>(events_chunk(3).end()), std::byte{0});
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events,
            without({1, 2, 3}, {lost(0, 1'090, 1'400, {}, 10), lost(1, 100, 1'500, {}, 20)}));
  EXPECT_EQ(nonzero(contents.quality), "damaged_chunks=1 missing_records=30");
}

TEST_F(DamageTest, GarbageBetweenChunksCostsNothing) {
  std::vector<std::byte> garbage(100'000, std::byte{0x5a});
  std::memcpy(garbage.data() + 70'000, kChunkMagic, sizeof kChunkMagic);
  whole_.insert(whole_.begin() + static_cast<std::ptrdiff_t>(events_chunk(2).offset),
                garbage.begin(), garbage.end());
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, events_);
  EXPECT_EQ(nonzero(contents.quality), "damaged_chunks=1");
}

TEST_F(DamageTest, AChunkThatIsThereTwiceIsDeliveredOnce) {
  const Chunk& chunk = events_chunk(2);
  const std::vector<std::byte> copy(whole_.begin() + static_cast<std::ptrdiff_t>(chunk.offset),
                                    whole_.begin() + static_cast<std::ptrdiff_t>(chunk.end()));
  whole_.insert(whole_.begin() + static_cast<std::ptrdiff_t>(chunk.end()), copy.begin(),
                copy.end());
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, events_);
  EXPECT_EQ(nonzero(contents.quality), "damaged_chunks=1");
}

TEST_F(DamageTest, ChunksOfALaterVersionAreSkipped) {
  ChunkHeader header{};
  header.type = 77;
  const std::vector<std::byte> payload(333, std::byte{7});
  seal(header, payload);
  std::vector<std::byte> chunk(sizeof header);
  std::memcpy(chunk.data(), &header, sizeof header);
  chunk.insert(chunk.end(), payload.begin(), payload.end());
  whole_.insert(whole_.begin() + static_cast<std::ptrdiff_t>(events_chunk(2).offset), chunk.begin(),
                chunk.end());
  const Contents contents = read_all(whole_);
  EXPECT_EQ(contents.events, events_);
  EXPECT_EQ(nonzero(contents.quality), "");
}

TEST_F(DamageTest, FiguresBeyondTheirBoundsAreDamageEvenWithTheRightChecksum) {
  const auto try_header = [&](const std::function<void(ChunkHeader&)>& change) {
    ChunkHeader header = events_chunk(2).header;
    const std::span payload =
        std::span(whole_).subspan(events_chunk(2).offset + sizeof header, header.stored_bytes);
    change(header);
    const std::uint32_t stored = header.stored_bytes;
    seal(header, payload);
    if (stored != header.stored_bytes) {
      header.stored_bytes = stored;
      header.crc = crc_of(std::as_bytes(std::span(&header, 1)).first(sizeof header - 4));
    }
    std::vector<std::byte> bytes = whole_;
    std::memcpy(bytes.data() + events_chunk(2).offset, &header, sizeof header);
    const Contents contents = read_all(bytes);
    expect_subset(contents);
    EXPECT_EQ(contents.quality[model::Quality::damaged_chunks], 1u);
  };
  try_header([](ChunkHeader& header) { header.stream = kMaxStreams; });
  try_header([](ChunkHeader& header) { header.records = 0; });
  try_header([](ChunkHeader& header) { header.records = 0xffffffff; });
  try_header([](ChunkHeader& header) { header.raw_bytes = kMaxChunkRawBytes + 1; });
  try_header([](ChunkHeader& header) { header.raw_bytes += 8; });
  try_header([](ChunkHeader& header) { header.stored_bytes = kMaxStoredBytes + 1; });
  try_header([](ChunkHeader& header) { header.first_record = 0; });
}

TEST(ShrinkingFileTest, WhatIsGoneIsALoss) {
  const test::MemoryFile file;
  auto writer = Writer::create(file.fd(), sample_metadata(), 1);
  ASSERT_TRUE(writer);
  std::uint64_t kept = 0;
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    ASSERT_TRUE(append(*writer, 0, switch_event(1'000 + i, i)));
    if (i % 1'000 != 999) continue;
    ASSERT_TRUE(writer->flush(0, 0));
    if (i == 1'999) kept = writer->bytes_written();
  }
  ASSERT_TRUE(writer->finish(sample_ending()));
  auto source = open_source_fd(file.fd(), "test.tpt");
  ASSERT_TRUE(source);
  ASSERT_EQ(::ftruncate(file.fd().get(), static_cast<off_t>(kept + 100)), 0);
  model::Event event;
  std::size_t events = 0;
  while ((*source)->next(event)) ++events;
  EXPECT_EQ(events, 2'002u);  // two losses: the only ring serves both CPUs
  const model::Lost expected{
      .first_ns = 2'999, .last_ns = kEndNs, .unknown_kind = 1'000, .damaged = true};
  EXPECT_EQ(std::get<model::Lost>(event.payload), expected);
  EXPECT_EQ(nonzero((*source)->quality()), "damaged_chunks=1 missing_records=1000");
}

}  // namespace
}  // namespace triptych::trace
