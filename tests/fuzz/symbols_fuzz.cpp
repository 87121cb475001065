// SPDX-License-Identifier: Apache-2.0
//
// What names frames: a program's table of symbols, the names that a runtime gave to its code, a
// mangled name; and while recording, the kernel's texts and records, which have the target's words
// in them. The first byte says which.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/perf_map.hpp"
#include "decode/decode.hpp"
#include "symbol/capture/jit_names.hpp"
#include "symbol/capture/kernel_names.hpp"
#include "symbol/capture/map_event.hpp"
#include "symbol/resolve/call_frames.hpp"
#include "symbol/resolve/demangle.hpp"
#include "symbol/resolve/elf_symbols.hpp"
#include "symbol/resolve/frame_expression.hpp"
#include "symbol/resolve/inlined_functions.hpp"
#include "symbol/resolve/jit_map.hpp"

namespace {

using namespace triptych;

void check_map(const symbol::capture::MapEvent& event) {
  model::Event decoded;
  TRIPTYCH_CHECK(decode::decode(symbol::capture::record_of(event), decoded) == decode::Status::kOk);
}

void check_made(std::string_view text) {
  while (!text.empty()) {
    const auto line = parse_perf_map_line(take_line(text));
    if (!line) continue;
    model::Event decoded;
    const auto record = symbol::capture::record_of(*line, 1, 0);
    TRIPTYCH_CHECK(decode::decode(record, decoded) == decode::Status::kOk);
  }
}

void check_call_frames(const symbol::resolve::Image& image) {
  symbol::resolve::CallFrames frames = symbol::resolve::CallFrames::of(image);
  symbol::resolve::Registers registers;
  analyze::CopiedStack stack;
  for (std::size_t i = 0; i < model::kRegisters; ++i) registers.set(i, 0x7f0000000000 + 8 * i);
  stack.pieces[0x7f0000000000] = {1, 2, 3};
  for (std::uint64_t address = 0x401000; address < 0x401080; address += 8) {
    const auto* row = frames.at(address);
    if (row == nullptr) continue;
    const symbol::resolve::FrameState state{registers, stack, 0, 0x7f0000000100};
    (void)symbol::resolve::evaluate(row->frame_address, state);
    for (const auto& rule : row->registers) (void)symbol::resolve::evaluate(rule.program, state);
  }
}

void check_program(std::span<const std::byte> bytes) {
  check_call_frames(symbol::resolve::Image::of(bytes));
  auto inlined =
      symbol::resolve::InlinedFunctions::of(symbol::resolve::Image::of(bytes), 256 << 20);
  for (std::uint64_t at = 0x401000; inlined && at < 0x401080; at += 8) (void)inlined->at(at);
  auto symbols = symbol::resolve::ElfSymbols::open(symbol::resolve::Image::of(bytes));
  if (!symbols) return;
  for (std::uint64_t address = 0x400000; address < 0x402000; address += 0x80) {
    const auto function = symbols->function_at(address);
    TRIPTYCH_CHECK(!function || function->offset <= address);
    (void)symbols->address_of(address - 0x400000);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span bytes(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      check_program(bytes);
      break;
    case 1:
      (void)symbol::resolve::JitMap::read(symbol::resolve::Image::of(bytes)).find(0x1000);
      check_made(text);
      break;
    case 2:
      (void)symbol::resolve::demangle(std::string(text));
      break;
    case 3:
      for (const auto& event : symbol::capture::parse_perf_record(bytes).events) check_map(event);
      break;
    case 4:
      for (const auto& event : symbol::capture::parse_process_maps(text)) check_map(event);
      break;
    default: {
      const auto names = symbol::capture::KernelNames::parse(text);
      const auto place = names.find(0xffffffff81000000);
      if (place) TRIPTYCH_CHECK(names.name(place->symbol).size() <= text.size());
      break;
    }
  }
  return 0;
}
