// SPDX-License-Identifier: Apache-2.0
//
// What goes into a trace file comes out of it: order, losses, accounts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "support/sample_events.hpp"
#include "trace/format.hpp"
#include "trace/metadata_json.hpp"
#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

Writer create(const test::MemoryFile& file, std::uint32_t streams) {
  auto writer = Writer::create(file.fd(), sample_metadata(), streams);
  TRIPTYCH_CHECK(writer);
  return std::move(*writer);
}

std::vector<std::uint64_t> times(const Contents& contents) {
  std::vector<std::uint64_t> all;
  for (const model::Event& event : contents.events) all.push_back(event.ts_ns);
  return all;
}

TEST(TraceFileTest, KeepsEveryKindOfEvent) {
  const test::MemoryFile file;
  Writer writer = create(file, 3);
  const std::vector<model::Event> events = test::sample_events();
  for (const model::Event& event : events) ASSERT_TRUE(append(writer, event.cpu, event));
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  EXPECT_EQ(contents.error, std::nullopt);
  EXPECT_EQ(contents.events, events);
  EXPECT_EQ(nonzero(contents.quality), "");
  EXPECT_EQ(writer.records(), events.size());
  EXPECT_GE(writer.records_of_stacks(), 4u);
  EXPECT_EQ(writer.records_of_stacks(), count_of_stacks(events));
  EXPECT_EQ(writer.records_lost(), 0u);
  EXPECT_EQ(writer.bytes_written(), file.contents().size());
}

TEST(TraceFileTest, KeepsMetadataAndEnding) {
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  EXPECT_EQ(to_json(contents.metadata), to_json(sample_metadata()));
  ASSERT_TRUE(contents.ending);
  EXPECT_EQ(to_json(*contents.ending), to_json(sample_ending()));
  EXPECT_EQ(contents.stored_bytes, 0u);
}

TEST(TraceFileTest, MergesTheStreamsByTime) {
  const test::MemoryFile file;
  Writer writer = create(file, 64);
  std::mt19937 random(7);
  std::vector<std::uint64_t> expected;
  std::uint64_t ts_ns = 1'000;
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    ts_ns += 1 + random() % 100;
    const std::uint32_t stream = random() % 64;
    ASSERT_TRUE(append(writer, stream, switch_event(ts_ns, i, static_cast<std::uint16_t>(stream))));
    expected.push_back(ts_ns);
    if (i % 1'000 != 0) continue;
    ASSERT_TRUE(writer.flush(ts_ns, 0));
  }
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  EXPECT_EQ(times(contents), expected);
  EXPECT_EQ(nonzero(contents.quality), "");
}

TEST(TraceFileTest, EqualTimesComeInTheOrderOfTheStreamsAndOfTheirRecords) {
  const test::MemoryFile file;
  Writer writer = create(file, 3);
  for (std::uint32_t i = 0; i < 300; ++i) {
    ASSERT_TRUE(append(writer, 2 - i % 3, switch_event(500 + i / 30, i, 0)));
  }
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  ASSERT_EQ(contents.events.size(), 300u);
  for (std::size_t i = 1; i < contents.events.size(); ++i) {
    const model::Event& a = contents.events[i - 1];
    const model::Event& b = contents.events[i];
    const auto key = [](const model::Event& event) {
      const auto task = static_cast<std::uint32_t>(event.task);
      return std::tuple(event.ts_ns, 2 - task % 3, task);
    };
    EXPECT_LT(key(a), key(b));
  }
}

TEST(TraceFileTest, SortsWhatAnInterruptOvertookAlsoAcrossChunks) {
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  std::vector<std::uint64_t> ts_ns(2'000);
  for (std::size_t i = 0; i < ts_ns.size(); ++i) ts_ns[i] = 1'000 + 10 * i;
  std::vector<std::uint64_t> shuffled = ts_ns;
  for (std::size_t i = 3; i < shuffled.size(); i += 50) std::swap(shuffled[i], shuffled[i - 3]);
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    ASSERT_TRUE(append(writer, 0, switch_event(shuffled[i], 5)));
    if (i % 7 != 1) continue;
    ASSERT_TRUE(writer.flush(0, 0));
  }
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  EXPECT_EQ(times(contents), ts_ns);
  // Each exchange leaves three records behind one that is later.
  EXPECT_EQ(nonzero(contents.quality), "out_of_order=120");
}

TEST(TraceFileTest, WhatIsTooLateToSortGetsTheTimeOfItsNeighbour) {
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(append(writer, 0, switch_event(10'000 + i, 5)));
  }
  ASSERT_TRUE(writer.flush(0, 0));
  ASSERT_TRUE(append(writer, 0, switch_event(42, 6)));
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  ASSERT_EQ(contents.events.size(), 1'001u);
  EXPECT_TRUE(std::is_sorted(contents.events.begin(), contents.events.end(),
                             [](const auto& a, const auto& b) { return a.ts_ns < b.ts_ns; }));
  const auto late = std::find_if(contents.events.begin(), contents.events.end(),
                                 [](const auto& e) { return e.task == model::TaskId{6}; });
  ASSERT_NE(late, contents.events.end());
  EXPECT_EQ(late->ts_ns, 10'000u + 1'000 - 64 - 1);
  EXPECT_EQ(nonzero(contents.quality), "out_of_order=1 late_events=1");
}

TEST(TraceFileTest, RecordsOfNewerKindsAndImpossibleOnesAreCounted) {
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  std::vector<std::byte> record = decode::encode(switch_event(500, 5));
  record[14] = std::byte{99};  // kind
  ASSERT_TRUE(writer.append(0, record));
  record = decode::encode({.ts_ns = 501, .payload = model::TaskSeen{}});
  record[16 + 8 + 6 * 4] = std::byte{77};  // how
  ASSERT_TRUE(writer.append(0, record));
  ASSERT_TRUE(append(writer, 0, switch_event(502, 5)));
  ASSERT_TRUE(writer.finish(sample_ending()));
  const Contents contents = read_all(file);
  EXPECT_EQ(times(contents), std::vector<std::uint64_t>{502});
  EXPECT_EQ(nonzero(contents.quality), "malformed_records=1 unknown_records=1");
}

TEST(TraceFileTest, FlushWritesWhatIsOldEnough) {
  const test::MemoryFile file;
  Writer writer = create(file, 2);
  const std::uint64_t empty = writer.bytes_written();
  ASSERT_TRUE(append(writer, 0, switch_event(1'000, 5)));
  ASSERT_TRUE(append(writer, 1, switch_event(9'000, 5)));
  ASSERT_TRUE(writer.flush(10'000, 20'000));
  EXPECT_EQ(writer.bytes_written(), empty);
  ASSERT_TRUE(writer.flush(10'000, 5'000));
  EXPECT_EQ(times(read_all(file)), std::vector<std::uint64_t>{1'000});
  ASSERT_TRUE(writer.flush(10'000, 0));
  EXPECT_EQ(times(read_all(file)), (std::vector<std::uint64_t>{1'000, 9'000}));
}

TEST(TraceFileTest, WithoutEndingTheRecordingWasCut) {
  const test::MemoryFile file;
  {
    Writer writer = create(file, 1);
    ASSERT_TRUE(append(writer, 0, switch_event(1'000, 5)));
    ASSERT_TRUE(writer.flush(0, 0));
    ASSERT_TRUE(append(writer, 0, switch_event(1'001, 5)));
  }
  const Contents contents = read_all(file);
  EXPECT_EQ(times(contents), std::vector<std::uint64_t>{1'000});
  EXPECT_FALSE(contents.ending);
  EXPECT_EQ(nonzero(contents.quality), "recording_cut=1");
}

TEST(TraceFileTest, LossesAreTheRecordersAccountOrElseTheirEvents) {
  model::Ending ending = sample_ending();
  ending.counters.lost[0] = 11;
  ending.counters.lost[3] = 12;
  ending.counters.produced[0] = 11;
  ending.counters.produced[3] = 12;
  ending.counters.storage_failed = 13;
  ending.counters.serials_exhausted = 1;
  ending.counters.recursion_misses = 14;
  ending.counters.switches_missed = 15;
  const model::Event lost{
      .ts_ns = 500,
      .payload = model::Lost{.first_ns = 400, .last_ns = 450, .counts = {10, 0, 0, 2, 0, 0}}};
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  ASSERT_TRUE(append(writer, 0, lost));
  ASSERT_TRUE(writer.flush(0, 0));
  EXPECT_EQ(nonzero(read_all(file).quality), "lost_switches=10 lost_faults=2 recording_cut=1");
  ASSERT_TRUE(writer.finish(ending));
  EXPECT_EQ(nonzero(read_all(file).quality),
            "lost_switches=11 lost_faults=12 storage_failed=14 recursion_misses=14 "
            "switches_missed=15");
}

TEST(TraceFileTest, WhatWasProducedMustBeThereOrLost) {
  model::Ending ending = sample_ending();
  ending.counters.produced[0] = 10;
  ending.counters.lost[0] = 3;
  ending.counters.produced[1] = 5;
  ending.counters.lost[1] = 5;
  const auto unaccounted = [&](unsigned switches) {
    const test::MemoryFile file;
    Writer writer = create(file, 1);
    for (unsigned i = 0; i < switches; ++i) (void)append(writer, 0, switch_event(500 + i, 5));
    EXPECT_TRUE(writer.finish(ending));
    return read_all(file).quality[model::Quality::unaccounted];
  };
  EXPECT_EQ(unaccounted(7), 0u);
  EXPECT_EQ(unaccounted(5), 2u);
  EXPECT_EQ(unaccounted(9), 2u);
  ending.counters.disk_lost = 1;
  EXPECT_EQ(unaccounted(5), 1u);
  ending.counters = {};
  EXPECT_EQ(unaccounted(5), 0u);  // nothing was counted: nothing to compare with
}

TEST(TraceFileTest, TheWriterRejectsWhatIsNoRecord) {
  const test::MemoryFile file;
  EXPECT_FALSE(Writer::create(file.fd(), {}, 0));
  EXPECT_FALSE(Writer::create(file.fd(), {}, kMaxStreams + 1));
  Writer writer = create(file, 1);
  std::vector<std::byte> record = decode::encode(switch_event(500, 5));
  EXPECT_FALSE(writer.append(1, record));
  record.resize(24);
  EXPECT_FALSE(writer.append(0, record));
  EXPECT_FALSE(writer.append(0, std::span(record).first(8)));
  EXPECT_EQ(writer.records(), 0u);
}

TEST(TraceFileTest, TextsThatDoNotFitIntoTheEndingsRoomAreCut) {
  const test::MemoryFile file;
  Writer writer = create(file, 64);
  model::Ending ending = sample_ending();
  ending.counted_faults.remark = std::string(10'000, '\x01');
  ASSERT_TRUE(writer.finish(ending));
  const Contents contents = read_all(file);
  ASSERT_TRUE(contents.ending);
  EXPECT_EQ(contents.ending->counted_faults.remark, std::string(100, '\x01'));
  EXPECT_EQ(contents.ending->reason, ending.reason);
}

TEST(TraceFileTest, SmallTracesOfAlternatingTasksTakeFewBytes) {
  const test::MemoryFile file;
  Writer writer = create(file, 1);
  std::mt19937 random(1);
  const auto noise = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(random() % below);
  };
  std::uint64_t ts_ns = 1'000'000;
  std::uint16_t seq[2] = {100, 200};
  constexpr std::uint64_t kPairs = 100'000;
  for (std::uint32_t i = 0; i < kPairs; ++i) {
    const std::uint32_t from = i % 2;
    ts_ns += 400 + noise(200);
    ASSERT_TRUE(append(writer, 0,
                       {.ts_ns = ts_ns,
                        .task = model::TaskId{3 - from},
                        .cpu = 1,
                        .payload = model::Wakeup{.waker = model::TaskId{2 + from},
                                                 .request_delay_ns = 150 + noise(64),
                                                 .target_cpu = 1}}));
    ts_ns += 400 + noise(200);
    ++seq[from];
    ASSERT_TRUE(append(writer, 0,
                       {.ts_ns = ts_ns,
                        .task = model::TaskId{2 + from},
                        .cpu = 1,
                        .payload = model::Switch{.next = model::TaskId{3 - from},
                                                 .prev_state = 1,
                                                 .syscall = 0,
                                                 .prev_seq = seq[from],
                                                 .next_seq = seq[1 - from],
                                                 .voluntary = true}}));
  }
  ASSERT_TRUE(writer.finish(sample_ending()));
  EXPECT_LE(writer.bytes_written(), 2 * kPairs * 2);
  EXPECT_EQ(read_all(file).events.size(), 2 * kPairs);
}

}  // namespace
}  // namespace triptych::trace
