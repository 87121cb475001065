// SPDX-License-Identifier: Apache-2.0
//
// What a trace file costs per event: to write, to read, and on the disk.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdint>
#include <random>
#include <vector>

#include "base/check.hpp"
#include "decode/decode.hpp"
#include "decode/encode.hpp"
#include "support/memory_file.hpp"
#include "trace/codec.hpp"
#include "trace/open_source.hpp"
#include "trace/text_writer.hpp"
#include "trace/writer.hpp"

namespace triptych::trace {
namespace {

struct Record {
  std::uint32_t stream = 0;
  std::vector<std::byte> bytes;
};

class Noise {
 public:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

 private:
  std::mt19937 random_{1};
};

// Two tasks that wake each other on one CPU, on each of `streams` CPUs.
std::vector<Record> ping_pong(std::uint32_t streams, std::uint32_t events) {
  Noise noise;
  std::vector<Record> records;
  std::vector<std::uint64_t> ts_ns(streams, 1'000'000);
  std::vector<std::uint16_t> seq(2 * streams);
  for (std::uint32_t i = 0; records.size() < events; ++i) {
    const std::uint32_t cpu = i % streams;
    const std::uint32_t side = i / streams % 2;
    const model::TaskId from{2 + 2 * cpu + side};
    const model::TaskId to{2 + 2 * cpu + 1 - side};
    ts_ns[cpu] += 400 + noise.below(200);
    model::Event event{.ts_ns = ts_ns[cpu],
                       .task = to,
                       .cpu = static_cast<std::uint16_t>(cpu),
                       .payload = model::Wakeup{.waker = from,
                                                .request_delay_ns = 150 + noise.below(64),
                                                .target_cpu = static_cast<std::uint16_t>(cpu)}};
    records.push_back({cpu, decode::encode(event)});
    ts_ns[cpu] += 400 + noise.below(200);
    event.ts_ns = ts_ns[cpu];
    event.task = from;
    event.payload = model::Switch{.next = to,
                                  .prev_state = 1,
                                  .syscall = 0,
                                  .prev_seq = ++seq[2 * cpu + side],
                                  .next_seq = seq[2 * cpu + 1 - side],
                                  .voluntary = true,
                                  .mm_change = true,
                                  .prev_target = true,
                                  .next_target = true};
    records.push_back({cpu, decode::encode(event)});
  }
  return records;
}

// Tasks that touch their memory page by page, from a few places of the program.
std::vector<Record> faults(std::uint32_t streams, std::uint32_t events) {
  Noise noise;
  std::vector<Record> records;
  std::uint64_t ts_ns = 1'000'000;
  std::vector<std::uint64_t> address(16, 0x7f0000000000);
  for (std::uint32_t i = 0; i < events; ++i) {
    const std::uint32_t task = i / 32 % 16;
    ts_ns += 500 + noise.below(1'000);
    address[task] += 4096 * (1 + (noise.below(8) == 0 ? noise.below(64) : 0));
    const bool copied = noise.below(4) == 0;
    const auto cpu = static_cast<std::uint16_t>(task % streams);
    const model::Event event{
        .ts_ns = ts_ns,
        .task = model::TaskId{2 + task},
        .cpu = cpu,
        .payload = model::Fault{.address = address[task] + noise.below(512) * 8,
                                .ip = 0x555555554000ull + noise.below(64) * 17,
                                .duration_ns = 300 + noise.below(1'024),
                                .vm_flags = 0x100073,
                                .mm = model::MmId{1 + task},
                                .pages = 1,
                                .error_code = static_cast<std::uint16_t>(copied ? 7 : 6),
                                .mapping = model::Mapping::kAnon,
                                .zeroed = !copied,
                                .not_zeroed = copied}};
    records.push_back({cpu, decode::encode(event)});
  }
  return records;
}

std::vector<Record> make_records(const benchmark::State& state, std::uint32_t events) {
  const auto streams = static_cast<std::uint32_t>(state.range(1));
  return state.range(0) == 0 ? ping_pong(streams, events) : faults(streams, events);
}

std::uint64_t write_file(const test::MemoryFile& file, const std::vector<Record>& records,
                         std::uint32_t streams) {
  auto writer = Writer::create(file.fd(), {}, streams);
  TRIPTYCH_CHECK(writer);
  for (const Record& record : records) {
    TRIPTYCH_CHECK(writer->append(record.stream, record.bytes));
  }
  TRIPTYCH_CHECK(writer->finish({}));
  return writer->bytes_written();
}

void per_event(benchmark::State& state, std::size_t events) {
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events));
  state.counters["time_per_event"] =
      benchmark::Counter(static_cast<double>(events) * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void write_trace(benchmark::State& state) {
  const std::vector<Record> records = make_records(state, 1'000'000);
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const test::MemoryFile file;
    bytes = write_file(file, records, static_cast<std::uint32_t>(state.range(1)));
  }
  per_event(state, records.size());
  state.counters["bytes_per_event"] =
      static_cast<double>(bytes) / static_cast<double>(records.size());
}

void read_trace(benchmark::State& state) {
  const std::vector<Record> records = make_records(state, 1'000'000);
  const test::MemoryFile file;
  write_file(file, records, static_cast<std::uint32_t>(state.range(1)));
  std::size_t events = 0;
  for (auto _ : state) {
    auto source = open_source_fd(file.fd(), "bench");
    TRIPTYCH_CHECK(source);
    model::Event event;
    events = 0;
    while ((*source)->next(event)) {
      benchmark::DoNotOptimize(event);
      ++events;
    }
  }
  TRIPTYCH_CHECK(events == records.size());
  per_event(state, events);
}

void read_text(benchmark::State& state) {
  std::string text;
  append_text_header(text);
  const std::vector<Record> records = make_records(state, 100'000);
  model::Event event;
  for (const Record& record : records) {
    TRIPTYCH_CHECK(decode::decode(record.bytes, event) == decode::Status::kOk);
    append_text(text, event);
  }
  const test::MemoryFile file{std::string_view(text)};
  for (auto _ : state) {
    UniqueFd fd = file.fd();
    ::lseek(fd.get(), 0, SEEK_SET);
    auto source = open_source_fd(std::move(fd), "bench");
    TRIPTYCH_CHECK(source);
    while ((*source)->next(event)) benchmark::DoNotOptimize(event);
    TRIPTYCH_CHECK(!(*source)->error());
  }
  per_event(state, records.size());
}

// The codec alone, in chunks as the writer makes them.
void code_chunk(benchmark::State& state, bool decode) {
  const std::vector<Record> records = make_records(state, 1'000'000);
  std::vector<std::byte> raw;
  std::size_t count = 0;
  for (const Record& record : records) {
    if (raw.size() + record.bytes.size() > (256 << 10)) break;
    raw.insert(raw.end(), record.bytes.begin(), record.bytes.end());
    ++count;
  }
  ChunkEncoder encoder;
  ChunkDecoder decoder;
  DecodedChunk chunk;
  std::vector<std::byte> payload;
  TRIPTYCH_CHECK(encoder.encode(raw, payload));
  for (auto _ : state) {
    if (decode) {
      TRIPTYCH_CHECK(decoder.decode(payload, raw.size(), count, chunk));
    } else {
      payload.clear();
      TRIPTYCH_CHECK(encoder.encode(raw, payload));
    }
  }
  per_event(state, count);
}

void encode_chunk(benchmark::State& state) {
  code_chunk(state, false);
}
void decode_chunk(benchmark::State& state) {
  code_chunk(state, true);
}

// {0: ping-pong, 1: faults} × streams
BENCHMARK(encode_chunk)->Args({0, 1})->Args({1, 1})->ArgNames({"faults", "streams"});
BENCHMARK(decode_chunk)->Args({0, 1})->Args({1, 1})->ArgNames({"faults", "streams"});
BENCHMARK(write_trace)
    ->ArgsProduct({{0, 1}, {2, 64}})
    ->ArgNames({"faults", "streams"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(read_trace)
    ->ArgsProduct({{0, 1}, {1, 2, 64}})
    ->ArgNames({"faults", "streams"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(read_text)
    ->ArgsProduct({{0, 1}, {1}})
    ->ArgNames({"faults", "streams"})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace triptych::trace
