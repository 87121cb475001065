// SPDX-License-Identifier: Apache-2.0
//
// What lies behind zstd, which no mutation would get through: any bytes as columns, as records and
// as the payload of a chunk.
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "decode/decode.hpp"
#include "decode/encode.hpp"
#include "trace/codec.hpp"

namespace {

using namespace triptych;

// Cuts the input into records, whose sizes it gives.
struct Records {
  std::vector<std::byte> bytes;
  std::size_t count = 0;

  explicit Records(std::span<const std::byte> input) {
    while (input.size() >= trace::kMinRecordBytes && groups() < 200) {
      const std::size_t wanted = std::to_integer<std::size_t>(input[15]) * 8;
      const std::size_t size = std::clamp(wanted, trace::kMinRecordBytes, input.size() / 8 * 8);
      const std::size_t at = bytes.size();
      bytes.insert(bytes.end(), input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size));
      bytes[at + 15] = static_cast<std::byte>(std::min<std::size_t>(size / 8, 255));
      bytes.resize(at + std::to_integer<std::size_t>(bytes[at + 15]) * 8);
      input = input.subspan(size);
      ++count;
    }
  }
  [[nodiscard]] std::size_t groups() const { return count; }  // at most
};

void check_record(std::span<const std::byte> record) {
  model::Event event;
  if (decode::decode(record, event) != decode::Status::kOk) return;
  model::Event again;
  TRIPTYCH_CHECK(decode::decode(decode::encode(event), again) == decode::Status::kOk);
  TRIPTYCH_CHECK(again == event);
}

void check_round_trip(const Records& records) {
  static trace::ChunkEncoder encoder;
  static trace::ChunkDecoder decoder;
  static trace::DecodedChunk chunk;
  if (records.count == 0) return;
  std::vector<std::byte> payload;
  TRIPTYCH_CHECK(encoder.encode(records.bytes, payload));
  TRIPTYCH_CHECK(decoder.decode(payload, records.bytes.size(), records.count, chunk));
  std::size_t at = 0;
  for (const trace::RecordRef& ref : chunk.order) {
    TRIPTYCH_CHECK(std::memcmp(chunk.record(ref).data(), records.bytes.data() + at, ref.size) == 0);
    check_record(chunk.record(ref));
    at += ref.size;
  }
  TRIPTYCH_CHECK(at == records.bytes.size());
}

void check_columns(std::span<const std::byte> input) {
  static trace::ChunkDecoder decoder;
  static trace::DecodedChunk chunk;
  std::uint32_t figures[2];
  if (input.size() < sizeof figures) return;
  std::memcpy(figures, input.data(), sizeof figures);
  const std::size_t raw_bytes = figures[0] % (64 << 10);
  const std::size_t count = figures[1] % 4096;
  const std::span columns = input.subspan(sizeof figures);
  std::vector<std::byte> payload(ZSTD_compressBound(columns.size()));
  payload.resize(ZSTD_compress(payload.data(), payload.size(), columns.data(), columns.size(), -5));
  for (const std::span<const std::byte> form : {std::span<const std::byte>(payload), columns}) {
    if (!decoder.decode(form, raw_bytes, count, chunk)) continue;
    TRIPTYCH_CHECK(chunk.order.size() == count);
    for (const trace::RecordRef& ref : chunk.order) check_record(chunk.record(ref));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span input(reinterpret_cast<const std::byte*>(data), size);
  check_columns(input);
  check_round_trip(Records(input));
  return 0;
}
