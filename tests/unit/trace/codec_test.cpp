// SPDX-License-Identifier: Apache-2.0
#include "trace/codec.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <cstring>
#include <random>

#include "decode/encode.hpp"
#include "support/sample_events.hpp"

namespace triptych::trace {
namespace {

struct Raw {
  std::vector<std::byte> bytes;
  std::size_t records = 0;

  void add(std::span<const std::byte> record) {
    bytes.insert(bytes.end(), record.begin(), record.end());
    ++records;
  }
};

Raw sample_records() {
  Raw raw;
  for (int round = 0; round < 3; ++round) {
    for (const model::Event& event : test::sample_events()) raw.add(decode::encode(event));
  }
  return raw;
}

// Records of any kind and content, whose header is right.
Raw random_records(std::uint32_t seed, std::size_t count) {
  std::mt19937 random(seed);
  Raw raw;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<std::byte> record((2 + random() % 4 * 3) * 8);
    for (auto& byte : record) byte = static_cast<std::byte>(random());
    record[14] = static_cast<std::byte>(random() % 5);
    record[15] = static_cast<std::byte>(record.size() / 8);
    raw.add(record);
  }
  return raw;
}

std::vector<std::byte> encode(const Raw& raw) {
  std::vector<std::byte> payload;
  EXPECT_TRUE(ChunkEncoder().encode(raw.bytes, payload));
  return payload;
}

std::vector<std::byte> in_order(const DecodedChunk& chunk) {
  std::vector<std::byte> bytes;
  for (const RecordRef& ref : chunk.order) {
    const auto record = chunk.record(ref);
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  return bytes;
}

void expect_round_trip(const Raw& raw) {
  DecodedChunk chunk;
  ASSERT_TRUE(ChunkDecoder().decode(encode(raw), raw.bytes.size(), raw.records, chunk));
  EXPECT_EQ(in_order(chunk), raw.bytes);
  for (const RecordRef& ref : chunk.order) {
    std::uint64_t ts_ns = 0;
    std::memcpy(&ts_ns, chunk.record(ref).data(), sizeof ts_ns);
    EXPECT_EQ(ref.ts_ns, ts_ns);
    EXPECT_FALSE(ref.synthetic);
  }
}

TEST(CodecTest, OneRecord) {
  Raw raw;
  raw.add(decode::encode({.ts_ns = 5, .payload = model::TaskFree{}}));
  expect_round_trip(raw);
}

TEST(CodecTest, EveryKind) {
  expect_round_trip(sample_records());
}

TEST(CodecTest, AnyBytesInAnyOrder) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) expect_round_trip(random_records(seed, 500));
}

TEST(CodecTest, AFullChunkOfTheSmallestRecords) {
  Raw raw;
  for (std::size_t i = 0; i < kMaxChunkRawBytes / kMinRecordBytes; ++i) {
    raw.add(decode::encode({.ts_ns = i * i * 977, .payload = model::TaskFree{}}));
  }
  expect_round_trip(raw);
}

TEST(CodecTest, ContextsCanBeUsedAgain) {
  ChunkEncoder encoder;
  ChunkDecoder decoder;
  DecodedChunk chunk;
  for (const std::size_t records : {400u, 3u, 90u}) {
    const Raw raw = random_records(1, records);
    std::vector<std::byte> payload(7, std::byte{9});  // encode appends
    ASSERT_TRUE(encoder.encode(raw.bytes, payload));
    ASSERT_TRUE(decoder.decode(std::span(payload).subspan(7), raw.bytes.size(), records, chunk));
    EXPECT_EQ(in_order(chunk), raw.bytes);
  }
}

TEST(CodecTest, TheFiguresOfTheHeaderMustFit) {
  const Raw raw = sample_records();
  const std::vector<std::byte> payload = encode(raw);
  ChunkDecoder decoder;
  DecodedChunk chunk;
  const std::size_t bytes = raw.bytes.size();
  EXPECT_FALSE(decoder.decode(payload, bytes + 8, raw.records, chunk));
  EXPECT_FALSE(decoder.decode(payload, bytes - 8, raw.records, chunk));
  EXPECT_FALSE(decoder.decode(payload, bytes, raw.records + 1, chunk));
  EXPECT_FALSE(decoder.decode(payload, bytes, raw.records - 1, chunk));
  EXPECT_FALSE(decoder.decode(payload, bytes, 0, chunk));
  EXPECT_FALSE(decoder.decode(payload, 0, 0, chunk));
  EXPECT_FALSE(decoder.decode(payload, kMaxChunkRawBytes + 8, raw.records, chunk));
  EXPECT_FALSE(decoder.decode({}, bytes, raw.records, chunk));
  EXPECT_TRUE(decoder.decode(payload, bytes, raw.records, chunk));
}

std::vector<std::byte> decompress(std::span<const std::byte> payload) {
  std::vector<std::byte> columns(4 << 20);
  const std::size_t size =
      ZSTD_decompress(columns.data(), columns.size(), payload.data(), payload.size());
  EXPECT_FALSE(ZSTD_isError(size));
  columns.resize(size);
  return columns;
}

std::vector<std::byte> compress(std::span<const std::byte> columns) {
  std::vector<std::byte> payload(ZSTD_compressBound(columns.size()));
  const std::size_t size =
      ZSTD_compress(payload.data(), payload.size(), columns.data(), columns.size(), 1);
  payload.resize(size);
  return payload;
}

TEST(CodecTest, ColumnsThatEndEarlyOrLateAreRejected) {
  const Raw raw = random_records(3, 20);
  std::vector<std::byte> columns = decompress(encode(raw));
  ChunkDecoder decoder;
  DecodedChunk chunk;
  for (std::size_t size = 0; size < columns.size(); ++size) {
    EXPECT_FALSE(decoder.decode(compress(std::span(columns).first(size)), raw.bytes.size(),
                                raw.records, chunk))
        << size;
  }
  ASSERT_TRUE(decoder.decode(compress(columns), raw.bytes.size(), raw.records, chunk));
  columns.push_back({});
  EXPECT_FALSE(decoder.decode(compress(columns), raw.bytes.size(), raw.records, chunk));
}

TEST(CodecTest, NoByteOfTheColumnsLeadsOutOfTheChunk) {
  const Raw raw = random_records(4, 12);
  const std::vector<std::byte> columns = decompress(encode(raw));
  ChunkDecoder decoder;
  DecodedChunk chunk;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
      std::vector<std::byte> hostile = columns;
      hostile[at] ^= static_cast<std::byte>(flip);
      if (!decoder.decode(compress(hostile), raw.bytes.size(), raw.records, chunk)) continue;
      ASSERT_EQ(chunk.order.size(), raw.records);
      for (const RecordRef& ref : chunk.order) {
        ASSERT_GE(ref.size, kMinRecordBytes);
        ASSERT_LE(ref.offset + ref.size, chunk.bytes.size());
      }
    }
  }
}

TEST(CodecTest, WhatDecompressesToMoreThanAChunkIsRejected) {
  const std::vector<std::byte> bomb(64 << 20);
  DecodedChunk chunk;
  EXPECT_FALSE(ChunkDecoder().decode(compress(bomb), kMaxChunkRawBytes, 1, chunk));
}

}  // namespace
}  // namespace triptych::trace
