// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/map_event.hpp"

#include <gtest/gtest.h>
#include <linux/perf_event.h>

#include <cstring>
#include <string>

#include "decode/decode.hpp"

namespace triptych::symbol::capture {
namespace {

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

// A record with what stands behind each of ours: tgid, tid, time, CPU.
std::vector<std::byte> record_with(std::uint32_t type, std::uint16_t misc,
                                   const std::vector<std::byte>& body, std::uint64_t time) {
  std::vector<std::byte> record;
  append(record, perf_event_header{type, misc, static_cast<__u16>(8 + body.size() + 24)});
  record.insert(record.end(), body.begin(), body.end());
  append(record, std::uint32_t{100});
  append(record, std::uint32_t{101});
  append(record, time);
  append(record, std::uint64_t{1});
  return record;
}

std::vector<std::byte> mmap2_body(bool build_id) {
  std::vector<std::byte> body;
  append(body, std::uint32_t{100});
  append(body, std::uint32_t{101});
  append(body, std::uint64_t{0x7f0000001000});
  append(body, std::uint64_t{0x2000});
  append(body, std::uint64_t{0x3000});
  std::uint8_t identity[24] = {};
  if (build_id) {
    identity[0] = 20;
    for (int i = 0; i < 20; ++i) identity[4 + i] = static_cast<std::uint8_t>(i + 1);
  } else {
    const std::uint32_t device[2] = {8, 1};
    const std::uint64_t inode = 4711;
    std::memcpy(identity, device, 8);
    std::memcpy(identity + 8, &inode, 8);
  }
  append(body, identity);
  append(body, std::uint32_t{5});
  append(body, std::uint32_t{2});
  const char path[24] = "/usr/lib/libc.so.6";
  append(body, path);
  return body;
}

TEST(PerfRecord, AMappingWithItsBuildIdOrItsInode) {
  const auto with = parse_perf_record(
      record_with(PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, mmap2_body(true), 77));
  ASSERT_EQ(with.events.size(), 1u);
  const MapEvent& event = with.events[0];
  EXPECT_EQ(event.ts_ns, 77u);
  EXPECT_EQ(event.tgid, 100);
  EXPECT_EQ(event.start, 0x7f0000001000u);
  EXPECT_EQ(event.end, 0x7f0000003000u);
  EXPECT_EQ(event.offset, 0x3000u);
  EXPECT_EQ(event.path, "/usr/lib/libc.so.6");
  EXPECT_EQ(event.build_id_size, 20);
  EXPECT_EQ(event.build_id[19], 20);
  EXPECT_EQ(event.inode, 0u);
  const auto without = parse_perf_record(record_with(PERF_RECORD_MMAP2, 0, mmap2_body(false), 77));
  ASSERT_EQ(without.events.size(), 1u);
  EXPECT_EQ(without.events[0].build_id_size, 0);
  EXPECT_EQ(without.events[0].inode, 4711u);
  EXPECT_EQ(without.events[0].device_major, 8u);
}

TEST(PerfRecord, AnExecIsToldByTheNameThatComesWithIt) {
  std::vector<std::byte> body;
  append(body, std::uint32_t{100});
  append(body, std::uint32_t{100});
  append(body, std::uint64_t{0});
  const auto exec =
      parse_perf_record(record_with(PERF_RECORD_COMM, PERF_RECORD_MISC_COMM_EXEC, body, 5));
  ASSERT_EQ(exec.events.size(), 1u);
  EXPECT_TRUE(exec.events[0].exec);
  EXPECT_TRUE(parse_perf_record(record_with(PERF_RECORD_COMM, 0, body, 5)).events.empty());
}

TEST(PerfRecord, LossesAreCountedAndWhatIsCutIsNothing) {
  std::vector<std::byte> body;
  append(body, std::uint64_t{9});
  append(body, std::uint64_t{12});
  EXPECT_EQ(parse_perf_record(record_with(PERF_RECORD_LOST, 0, body, 1)).lost, 12u);
  const auto whole =
      record_with(PERF_RECORD_MMAP2, PERF_RECORD_MISC_MMAP_BUILD_ID, mmap2_body(true), 77);
  for (std::size_t size = 0; size < 8 + 64 + 24; ++size) {
    EXPECT_TRUE(parse_perf_record(std::span(whole).first(size)).events.empty()) << size;
  }
}

TEST(ProcessMaps, OnlyCodeIsKept) {
  const auto maps = parse_process_maps(
      "55d0c4a00000-55d0c4a01000 r--p 00000000 fe:00 1057                       /usr/bin/a b\n"
      "55d0c4a01000-55d0c4a03000 r-xp 00001000 fe:00 1057                       /usr/bin/a b\n"
      "7f0000000000-7f0000001000 rwxp 00000000 00:00 0 \n"
      "7f0000002000-7f0000003000 r-xp 00000000 fe:00 9    /tmp/x\\012y (deleted)\n"
      "7ffd0000d000-7ffd0000f000 r-xp 00000000 00:00 0                          [vdso]\n"
      "nonsense r-xp\n"
      "7f");
  ASSERT_EQ(maps.size(), 4u);
  EXPECT_EQ(maps[0].start, 0x55d0c4a01000u);
  EXPECT_EQ(maps[0].end, 0x55d0c4a03000u);
  EXPECT_EQ(maps[0].offset, 0x1000u);
  EXPECT_EQ(maps[0].device_major, 0xfeu);
  EXPECT_EQ(maps[0].inode, 1057u);
  EXPECT_EQ(maps[0].path, "/usr/bin/a b");
  EXPECT_EQ(maps[1].path, "//anon");
  EXPECT_EQ(maps[2].path, "/tmp/x\ny (deleted)");
  EXPECT_EQ(maps[3].path, "[vdso]");
}

TEST(ProcessMaps, ARecordHasRoomForWhatItsPathNeeds) {
  MapEvent event;
  event.start = 1;
  event.end = 2;
  event.fresh = true;
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{896}, std::size_t{5000}}) {
    event.path = std::string(length, 'x');
    model::Event decoded;
    ASSERT_EQ(decode::decode(record_of(event), decoded), decode::Status::kOk);
    const auto& map = std::get<model::Map>(decoded.payload);
    EXPECT_EQ(map.path.view().size(), std::min<std::size_t>(length, 896));
    EXPECT_EQ(map.path_cut, length > 896);
    EXPECT_TRUE(map.fresh);
    EXPECT_FALSE(map.there);
  }
}

TEST(MapEvent, WhatAProgramMadeItself) {
  for (const char* path : {"//anon", "[anon:code cache]", "[heap]", "[stack]"}) {
    EXPECT_TRUE(MapEvent{.path = path}.is_made()) << path;
  }
  for (const char* path : {"/usr/bin/program", "[vdso]", "[vsyscall]", "[uprobes]"}) {
    EXPECT_FALSE(MapEvent{.path = path}.is_made()) << path;
  }
  EXPECT_FALSE((MapEvent{.exec = true, .path = {}}).is_made());
}

}  // namespace
}  // namespace triptych::symbol::capture
