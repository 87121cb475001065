// SPDX-License-Identifier: Apache-2.0
//
// Writes the fuzzers' seed corpora: small valid inputs with every kind of event, made by the
// current code, so that none has to be kept in the repository.
#include <fmt/format.h>
#include <zstd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "coroutine/reader/encoding.hpp"
#include "decode/encode.hpp"
#include "support/elf_builder.hpp"
#include "support/memory_file.hpp"
#include "support/sample_events.hpp"
#include "trace/codec.hpp"
#include "trace/text_writer.hpp"
#include "trace/writer.hpp"

namespace {

using namespace triptych;

void write_seed(const std::filesystem::path& directory, std::string_view name,
                std::span<const std::byte> bytes) {
  std::filesystem::create_directories(directory);
  std::ofstream file(directory / name, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  TRIPTYCH_CHECK(file.good());
}

model::Metadata metadata() {
  model::Metadata metadata;
  metadata.tool_version = "0.1.0";
  metadata.record_command = {"triptych", "record", "--", "sh"};
  metadata.host.cpus = 4;
  metadata.start_ns = 5;
  metadata.plan = {{"switch", "tp_btf/sched_switch", ""}};
  return metadata;
}

std::vector<std::byte> trace_file(std::uint32_t streams, std::size_t chunk, bool finish) {
  const test::MemoryFile file;
  auto writer = trace::Writer::create(file.fd(), metadata(), streams);
  TRIPTYCH_CHECK(writer);
  for (const model::Event& event : test::sample_events()) {
    TRIPTYCH_CHECK(writer->append(event.cpu % streams, decode::encode(event)));
    if (writer->records() % chunk == 0) TRIPTYCH_CHECK(writer->flush(0, 0));
  }
  TRIPTYCH_CHECK(writer->flush(0, 0));
  if (finish) TRIPTYCH_CHECK(writer->finish({.end_ns = 9, .reason = "target ended"}));
  return file.contents();
}

std::string text_trace() {
  std::string text;
  trace::append_text_header(text);
  trace::append_text(text, metadata());
  trace::append_text(text, model::Ending{});
  for (const model::Event& event : test::sample_events()) trace::append_text(text, event);
  model::DataQuality quality;
  quality.add(model::Quality::lost_faults);
  trace::append_text(text, quality);
  return text;
}

// What the codec's fuzzer takes for columns: their figures, and then what zstd would have hidden.
std::vector<std::byte> columns_of(std::span<const std::byte> records, std::uint32_t count) {
  std::vector<std::byte> payload;
  TRIPTYCH_CHECK(trace::ChunkEncoder().encode(records, payload));
  const std::uint32_t figures[2] = {static_cast<std::uint32_t>(records.size()), count};
  std::vector<std::byte> bytes(sizeof figures + 4 * records.size() + 4096);
  std::memcpy(bytes.data(), figures, sizeof figures);
  const std::size_t size = ZSTD_decompress(
      bytes.data() + sizeof figures, bytes.size() - sizeof figures, payload.data(), payload.size());
  TRIPTYCH_CHECK(!ZSTD_isError(size));
  bytes.resize(sizeof figures + size);
  return bytes;
}

// Steps of the coroutine fuzzer, two words each: events of two threads, then a drain, in turns.
std::vector<std::uint64_t> coroutine_steps() {
  std::vector<std::uint64_t> steps;
  for (std::uint64_t id = 1; id <= 32; ++id) {
    const std::uint64_t slot = id % 2;
    for (std::uint64_t kind = 1; kind <= 6; ++kind) {
      steps.insert(steps.end(), {1 | slot << 8 | kind << 16, id});
    }
    steps.insert(steps.end(), {0, 0});
  }
  return steps;
}

// Rules for the first 64 bytes of the code.
std::string call_frames() {
  const unsigned char bytes[] = {
      0x14, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0,
      0x1c, 0, 0, 0, 0x1c, 0, 0, 0, 0xe0, 0xef, 0xff, 0xff, 64, 0, 0, 0, 0, 0x41, 0x0e, 16, 0x86,
      2,                                      // pushes the
                                              // frame pointer
      0x44, 0x0f, 5, 0x77, 8, 0x80, 0, 0x22,  // an expression for the frame's address
      0x44, 0x16, 3, 3, 0x77, 0x10, 6, 0x44, 0x07, 16, 0, 0, 0, 0, 0};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}

// One for each parser that the symbol fuzzer's first byte chooses.
void write_symbol_seeds(const std::filesystem::path& directory) {
  const std::string program = test::ElfBuilder()
                                  .function("_ZN3foo3barEi", test::ElfBuilder::kCodeAddress, 64)
                                  .section(".eh_frame", SHT_PROGBITS, call_frames(),
                                           test::ElfBuilder::kCodeAddress + 0x1000)
                                  .build();
  const std::string texts[] = {program,
                               "1000 80 first\n0x2000 10 second\n",
                               "_ZN4core3fmt5write17h0123456789abcdefE",
                               std::string("\n\0\0\0\0\x40\x68\0", 8) + std::string(96, 'x'),
                               "55d0c4a01000-55d0c4a03000 r-xp 00001000 fe:00 1057 /usr/bin/a b\n",
                               "ffffffff81000000 T _text\nffffffffc0000000 t helper\t[module]\n"};
  std::string seed;
  for (std::size_t i = 0; i < std::size(texts); ++i) {
    seed = static_cast<char>(i) + texts[i];
    write_seed(directory, fmt::format("parser{}", i), std::as_bytes(std::span(seed)));
  }
}

// One for each answer that the fuzzer's first byte chooses.
void write_answer_seeds(const std::filesystem::path& directory) {
  using namespace coroutine::reader;
  coroutine::discover::Discovery found;
  found.functions = {{"session(int)", 0x401000}};
  found.places.resize(2);
  found.places[1].site.function = 1;
  found.returns = {0x401010};
  found.python.emplace();
  found.contexts.emplace();
  found.loop.emplace();
  Examined examined;
  examined.is_program = true;
  examined.runtimes = {{RuntimeId::kCpp, found}};
  examined.markers = fail("why", "hint");
  examined.needs = {{"libc.so.6"}, ":$ORIGIN"};
  const Bytes answers[] = {
      encode(examined), encode(PythonPart{true, coroutine::discover::Interpreter{}, true, {"a"}}),
      encode(Result<coroutine::discover::Discovery>(found)),
      encode(Landing{0x401010, found.places[0]})};
  for (std::size_t i = 0; i < std::size(answers); ++i) {
    Bytes seed = answers[i];
    seed.insert(seed.begin(), static_cast<std::byte>(i));
    write_seed(directory, fmt::format("answer{}", i), seed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fuzz_seeds DIRECTORY\n", stderr);
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  for (const std::uint32_t streams : {1u, 3u}) {
    for (const std::size_t chunk : {1u, 4u, 100u}) {
      const std::string name = fmt::format("s{}c{}", streams, chunk);
      write_seed(directory / "trace", name, trace_file(streams, chunk, true));
      write_seed(directory / "trace", name + "cut", trace_file(streams, chunk, false));
    }
  }
  const std::string text = text_trace();
  write_seed(directory / "text", "all", std::as_bytes(std::span(text)));
  std::string line;
  std::vector<std::byte> records;
  for (const model::Event& event : test::sample_events()) {
    line = "# triptych text trace 1\n";
    trace::append_text(line, event);
    write_seed(directory / "text", fmt::format("kind{}", event.payload.index()),
               std::as_bytes(std::span(line)));
    const auto record = decode::encode(event);
    records.insert(records.end(), record.begin(), record.end());
    write_seed(directory / "codec", fmt::format("kind{}", event.payload.index()), record);
    write_seed(directory / "codec", fmt::format("columns{}", event.payload.index()),
               columns_of(record, 1));
  }
  write_seed(directory / "codec", "all", records);
  const auto marker = [](std::string_view name, std::string_view arguments) {
    return test::ElfBuilder::marker("triptych", name, arguments, test::ElfBuilder::kCodeAddress);
  };
  const std::string program = test::ElfBuilder()
                                  .section(".note.stapsdt", SHT_NOTE,
                                           marker("coroutine_created", "8@%rdi -4@$7") +
                                               marker("coroutine_resumed", "8@-16(%rbp)"))
                                  .build();
  write_seed(directory / "probes", "markers", std::as_bytes(std::span(program)));
  write_symbol_seeds(directory / "symbols");
  write_answer_seeds(directory / "answers");
  const auto count = static_cast<std::uint32_t>(test::sample_events().size());
  write_seed(directory / "codec", "columns", columns_of(records, count));
  const std::vector<std::uint64_t> steps = coroutine_steps();
  write_seed(directory / "coroutine", "turns", std::as_bytes(std::span(steps)));
  return 0;
}
