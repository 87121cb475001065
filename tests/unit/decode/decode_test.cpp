// SPDX-License-Identifier: Apache-2.0
#include "decode/decode.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "abi/events.h"
#include "decode/encode.hpp"
#include "support/sample_events.hpp"

namespace triptych::decode {
namespace {

template <class Raw>
std::vector<std::byte> bytes_of(Raw raw, __u8 kind) {
  raw.hdr.kind = kind;
  raw.hdr.size8 = sizeof raw / 8;
  std::vector<std::byte> bytes(sizeof raw);
  std::memcpy(bytes.data(), &raw, sizeof raw);
  return bytes;
}

template <class Raw>
Status status_of(const Raw& raw, __u8 kind) {
  model::Event event;
  return decode(bytes_of(raw, kind), event);
}

TEST(DecodeTest, EveryKindSurvivesEncodingAndDecoding) {
  const std::vector<model::Event> events = test::sample_events();
  ASSERT_EQ(events.size(), 2 * std::variant_size_v<model::Payload>);
  for (const model::Event& event : events) {
    model::Event decoded;
    ASSERT_EQ(decode(encode(event), decoded), Status::kOk) << event.payload.index();
    EXPECT_EQ(decoded, event) << event.payload.index();
  }
}

TEST(DecodeTest, ReadsTheFieldsOfASwitch) {
  triptych_switch raw{};
  raw.hdr.ts_ns = 77;
  raw.hdr.task = 5;
  raw.hdr.cpu = 3;
  raw.next_task = 6;
  raw.prev_state = 2;
  raw.syscall = -1;
  raw.prev_seq = 8;
  raw.next_seq = 9;
  raw.flags = TRIPTYCH_SWITCH_INVOLUNTARY | TRIPTYCH_SWITCH_MM_CHANGE | 0x8000;
  model::Event event;
  ASSERT_EQ(decode(bytes_of(raw, TRIPTYCH_EV_SWITCH), event), Status::kOk);
  const model::Event expected{.ts_ns = 77,
                              .task = model::TaskId{5},
                              .cpu = 3,
                              .payload = model::Switch{.next = model::TaskId{6},
                                                       .prev_state = 2,
                                                       .syscall = -1,
                                                       .prev_seq = 8,
                                                       .next_seq = 9,
                                                       .involuntary = true,
                                                       .mm_change = true}};
  EXPECT_EQ(event, expected);
}

TEST(DecodeTest, ARecordShorterThanItsKindIsMalformed) {
  for (const model::Event& event : test::sample_events()) {
    std::vector<std::byte> bytes = encode(event);
    if (bytes.size() == sizeof(triptych_hdr)) continue;
    bytes.resize(bytes.size() - 8);
    bytes[offsetof(triptych_hdr, size8)] = static_cast<std::byte>(bytes.size() / 8);
    model::Event decoded;
    EXPECT_EQ(decode(bytes, decoded), Status::kMalformed) << event.payload.index();
  }
}

TEST(DecodeTest, TheTailOfALongerRecordIsIgnored) {
  for (const model::Event& event : test::sample_events()) {
    std::vector<std::byte> bytes = encode(event);
    bytes.resize(bytes.size() + 8, std::byte{0xab});
    bytes[offsetof(triptych_hdr, size8)] = static_cast<std::byte>(bytes.size() / 8);
    model::Event decoded;
    ASSERT_EQ(decode(bytes, decoded), Status::kOk) << event.payload.index();
    EXPECT_EQ(decoded, event);
  }
}

TEST(DecodeTest, TheSizeInTheHeaderMustBeTheRecords) {
  std::vector<std::byte> bytes = bytes_of(triptych_switch{}, TRIPTYCH_EV_SWITCH);
  model::Event event;
  ASSERT_EQ(decode(bytes, event), Status::kOk);
  bytes[offsetof(triptych_hdr, size8)] = std::byte{5};
  EXPECT_EQ(decode(bytes, event), Status::kMalformed);
  bytes[offsetof(triptych_hdr, size8)] = std::byte{0};
  EXPECT_EQ(decode(bytes, event), Status::kMalformed);
  EXPECT_EQ(decode(std::span(bytes).first(15), event), Status::kMalformed);
  EXPECT_EQ(decode({}, event), Status::kMalformed);
}

TEST(DecodeTest, KindsOfANewerVersionAreUnknown) {
  EXPECT_EQ(status_of(triptych_switch{}, 9), Status::kUnknownKind);
  EXPECT_EQ(status_of(triptych_switch{}, 255), Status::kUnknownKind);
  EXPECT_EQ(status_of(triptych_switch{}, TRIPTYCH_EV_INVALID), Status::kMalformed);
}

TEST(DecodeTest, ImpossibleValuesAreMalformed) {
  triptych_task_seen seen{};
  EXPECT_EQ(status_of(seen, TRIPTYCH_EV_TASK_SEEN), Status::kMalformed);
  seen.how = TRIPTYCH_SEEN_STRANGER;
  EXPECT_EQ(status_of(seen, TRIPTYCH_EV_TASK_SEEN), Status::kOk);
  seen.how = TRIPTYCH_SEEN_STRANGER + 1;
  EXPECT_EQ(status_of(seen, TRIPTYCH_EV_TASK_SEEN), Status::kMalformed);

  triptych_clone_return clone{};
  EXPECT_EQ(status_of(clone, TRIPTYCH_EV_CLONE_RETURN), Status::kMalformed);
  clone.source = TRIPTYCH_CLONE_FROM_FENTRY;
  EXPECT_EQ(status_of(clone, TRIPTYCH_EV_CLONE_RETURN), Status::kOk);
  clone.source = TRIPTYCH_CLONE_FROM_FENTRY + 1;
  EXPECT_EQ(status_of(clone, TRIPTYCH_EV_CLONE_RETURN), Status::kMalformed);

  triptych_fault fault{};
  fault.mapping = TRIPTYCH_MAPPING_SPECIAL;
  EXPECT_EQ(status_of(fault, TRIPTYCH_EV_FAULT), Status::kOk);
  fault.mapping = TRIPTYCH_MAPPING_SPECIAL + 1;
  EXPECT_EQ(status_of(fault, TRIPTYCH_EV_FAULT), Status::kMalformed);

  triptych_mark mark{};
  EXPECT_EQ(status_of(mark, TRIPTYCH_EV_MARK), Status::kMalformed);
  mark.type = TRIPTYCH_MARK_POINT;
  EXPECT_EQ(status_of(mark, TRIPTYCH_EV_MARK), Status::kOk);
  mark.type = TRIPTYCH_MARK_BEGIN | TRIPTYCH_MARK_FOR_PARENT;
  EXPECT_EQ(status_of(mark, TRIPTYCH_EV_MARK), Status::kMalformed);

  triptych_task_exec exec{};
  exec.args_size = TRIPTYCH_ARGS_LEN;
  EXPECT_EQ(status_of(exec, TRIPTYCH_EV_TASK_EXEC), Status::kOk);
  exec.args_size = TRIPTYCH_ARGS_LEN + 1;
  EXPECT_EQ(status_of(exec, TRIPTYCH_EV_TASK_EXEC), Status::kMalformed);
}

TEST(DecodeTest, WhatStandsBehindTheEndOfANameIsNotKept) {
  triptych_task_rename rename{};
  std::memcpy(rename.comm, "new\0old name", 12);
  triptych_task_exec exec{};
  exec.args_size = 2;
  std::memcpy(exec.args, "a\0secret", 8);
  model::Event event;
  ASSERT_EQ(decode(bytes_of(rename, TRIPTYCH_EV_TASK_RENAME), event), Status::kOk);
  model::TaskRename expected;
  expected.comm.assign("new");
  EXPECT_EQ(std::get<model::TaskRename>(event.payload), expected);
  ASSERT_EQ(decode(bytes_of(exec, TRIPTYCH_EV_TASK_EXEC), event), Status::kOk);
  model::TaskExec expected_exec;
  expected_exec.args_size = 2;
  expected_exec.args[0] = 'a';
  EXPECT_EQ(std::get<model::TaskExec>(event.payload), expected_exec);
}

}  // namespace
}  // namespace triptych::decode
