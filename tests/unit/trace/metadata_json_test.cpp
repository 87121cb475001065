// SPDX-License-Identifier: Apache-2.0
#include "trace/metadata_json.hpp"

#include <gtest/gtest.h>

#include "trace/format.hpp"
#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

TEST(MetadataJsonTest, EveryFieldOfMetadataSurvives) {
  model::Metadata metadata = sample_metadata();
  metadata.summary_only = true;
  metadata.target.kind = model::TargetKind::kProcess;
  metadata.host.page_size = 16384;
  model::Metadata read;
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json(to_json(metadata), read, bad));
  EXPECT_EQ(bad, 0u);
  EXPECT_EQ(read.tool_version, metadata.tool_version);
  EXPECT_EQ(read.record_command, metadata.record_command);
  EXPECT_EQ(read.start_realtime_ns, metadata.start_realtime_ns);
  EXPECT_EQ(read.start_ns, metadata.start_ns);
  EXPECT_EQ(read.host.kernel, metadata.host.kernel);
  EXPECT_EQ(read.host.machine, metadata.host.machine);
  EXPECT_EQ(read.host.cpu_model, metadata.host.cpu_model);
  EXPECT_EQ(read.host.cpus, metadata.host.cpus);
  EXPECT_EQ(read.host.tier, metadata.host.tier);
  EXPECT_EQ(read.host.virtual_machine, metadata.host.virtual_machine);
  EXPECT_EQ(read.host.page_size, metadata.host.page_size);
  EXPECT_EQ(read.target.kind, metadata.target.kind);
  EXPECT_EQ(read.target.command, metadata.target.command);
  EXPECT_EQ(read.target.tgid, metadata.target.tgid);
  EXPECT_EQ(read.target.comm, "sh");
  EXPECT_EQ(read.target.user, metadata.target.user);
  ASSERT_EQ(read.plan.size(), 2u);
  EXPECT_EQ(read.plan[0].hook, "tp_btf/sched_switch");
  EXPECT_EQ(read.plan[1].event, "fault");
  EXPECT_EQ(read.plan[1].reason, "not permitted");
  EXPECT_TRUE(read.summary_only);
}

TEST(MetadataJsonTest, EveryFieldOfAnEndingSurvives) {
  model::Ending ending = sample_ending();
  for (std::size_t i = 0; i < 6; ++i) {
    ending.counters.produced[i] = 10 + i;
    ending.counters.lost[i] = 20 + i;
  }
  ending.counters.storage_failed = 31;
  ending.counters.recursion_misses = 32;
  ending.counters.switches_missed = 33;
  ending.counters.serials_exhausted = 34;
  ending.counters.disk_lost = 35;
  ending.counted_faults.remark = "set-user-id";
  model::Ending read;
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json(to_json(ending), read, bad));
  EXPECT_EQ(bad, 0u);
  EXPECT_EQ(read.end_ns, ending.end_ns);
  EXPECT_EQ(read.reason, ending.reason);
  EXPECT_EQ(read.wait_status, 256);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(read.counters.produced[i], 10 + i);
    EXPECT_EQ(read.counters.lost[i], 20 + i);
  }
  EXPECT_EQ(read.counters.storage_failed, 31u);
  EXPECT_EQ(read.counters.recursion_misses, 32u);
  EXPECT_EQ(read.counters.switches_missed, 33u);
  EXPECT_EQ(read.counters.serials_exhausted, 34u);
  EXPECT_EQ(read.counters.disk_lost, 35u);
  EXPECT_EQ(read.counted_faults.page_faults, 17u);
  EXPECT_TRUE(read.counted_faults.comparable);
  EXPECT_EQ(read.counted_faults.remark, "set-user-id");
  EXPECT_EQ(read.recorder_cpu_ns, 123'456u);
}

TEST(MetadataJsonTest, MissingFieldsKeepTheirDefaults) {
  model::Metadata metadata = sample_metadata();
  model::Ending ending = sample_ending();
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json("{\"something\":[\"new\"]}", metadata, bad));
  EXPECT_EQ(to_json(metadata), to_json(model::Metadata{}));
  ASSERT_TRUE(from_json("{}", ending, bad));
  EXPECT_EQ(to_json(ending), to_json(model::Ending{}));
  EXPECT_EQ(bad, 0u);
}

TEST(MetadataJsonTest, WrongTypesAreCountedAndKeepTheirDefaults) {
  model::Metadata metadata;
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json(R"({"tool_version":7,"record_command":"x","start_ns":-1,
      "start_realtime_ns":-5,"summary_only":1,"host":{"cpus":4294967296,"kernel":null,
      "page_size":4096.5},"target":{"kind":"cat","tgid":-3,"command":["a",1]},
      "plan":[7,{"event":"switch","hook":[]}]})",
                        metadata, bad));
  // tool_version, record_command, start_ns, summary_only, cpus, kernel, page_size, kind,
  // command[1], plan[0], plan[1].hook
  EXPECT_EQ(bad, 11u);
  EXPECT_EQ(metadata.start_realtime_ns, -5);
  EXPECT_EQ(metadata.target.tgid, -3);
  EXPECT_EQ(metadata.target.kind, model::TargetKind::kCommand);
  EXPECT_EQ(metadata.host.page_size, 4096u);
  ASSERT_EQ(metadata.plan.size(), 2u);
  EXPECT_EQ(metadata.plan[1].event, "switch");

  model::Ending ending;
  bad = 0;
  ASSERT_TRUE(from_json(R"({"wait_status":"9","counters":[],"counted_faults":{"comparable":0},
      "end_ns":18446744073709551616})",
                        ending, bad));
  EXPECT_EQ(bad, 4u);
  EXPECT_EQ(to_json(ending), to_json(model::Ending{}));
}

TEST(MetadataJsonTest, WhatIsNoObjectIsRefused) {
  model::Metadata metadata = sample_metadata();
  std::uint64_t bad = 0;
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("7"), std::string("{"), std::string("{}x"),
        std::string("\xff"), std::string(kMaxJsonBytes + 1, ' ') + "{}"}) {
    EXPECT_FALSE(from_json(text, metadata, bad));
  }
  EXPECT_EQ(to_json(metadata), to_json(sample_metadata()));
}

TEST(MetadataJsonTest, DeepNestingTakesNoMemory) {
  model::Metadata metadata;
  std::uint64_t bad = 0;
  const std::string open(300'000, '[');
  const std::string close(300'000, ']');
  EXPECT_TRUE(from_json("{\"plan\":" + open + close + ",\"start_ns\":5}", metadata, bad));
  EXPECT_EQ(metadata.start_ns, 5u);
  EXPECT_FALSE(from_json("{\"plan\":" + open, metadata, bad));
}

TEST(MetadataJsonTest, LongCommandLinesAreCutAndOddBytesReplaced) {
  model::Metadata metadata;
  metadata.record_command = {"first", std::string(60'000, 'x'), std::string(10'000, 'y'), "last"};
  metadata.target.command = {"\xff\x1b"};
  model::Metadata read;
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json(to_json(metadata), read, bad));
  ASSERT_EQ(read.record_command.size(), 3u);
  EXPECT_EQ(read.record_command[2], "...");
  EXPECT_EQ(read.target.command[0], "\xef\xbf\xbd\x1b");
}

TEST(MetadataJsonTest, QualityHoldsWhatIsNotZero) {
  model::DataQuality quality;
  quality.set(model::Quality::lost_faults, 7);
  quality.set(model::Quality::state_conflicts, 8);
  EXPECT_EQ(to_json(quality), "{\"lost_faults\":7,\"state_conflicts\":8}");
  model::DataQuality read;
  std::uint64_t bad = 0;
  ASSERT_TRUE(from_json(to_json(quality), read, bad));
  EXPECT_EQ(read, quality);
  ASSERT_TRUE(from_json("{\"lost_faults\":-7,\"of_later_versions\":1}", read, bad));
  EXPECT_EQ(read, model::DataQuality{});
  EXPECT_EQ(bad, 1u);
}

}  // namespace
}  // namespace triptych::trace
