// SPDX-License-Identifier: Apache-2.0
//
// How long instructions are and what a probe on each costs: by hand, and against objdump over all
// the code of programs that are there anyway.
#include "coroutine/discover/instruction.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <charconv>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "coroutine/probes/elf_file.hpp"
#include "support/memory_file.hpp"
#include "support/run_program.hpp"

namespace triptych::coroutine::discover {
namespace {

std::optional<Instruction> decode_text(std::string_view bytes) {
  return decode(std::as_bytes(std::span(bytes)));
}

template <std::size_t N>
std::string_view bytes(const char (&text)[N]) {
  return {text, N - 1};
}

struct Case {
  std::string_view bytes;
  std::uint8_t length;
  ProbeCost cost;
};
const Case kCases[] = {
    {bytes("\x55\x48"), 1, ProbeCost::kEmulated},               // push %rbp
    {bytes("\x41\x57"), 2, ProbeCost::kEmulated},               // push %r15
    {bytes("\x48\x55"), 2, ProbeCost::kStepped},                // rex.W push %rbp
    {bytes("\x68\x01\x02\x03\x04"), 5, ProbeCost::kStepped},    // push $0x4030201
    {bytes("\x90"), 1, ProbeCost::kEmulated},                   // nop
    {bytes("\x66\x90"), 2, ProbeCost::kEmulated},               // xchg %ax,%ax
    {bytes("\xf3\x90"), 2, ProbeCost::kStepped},                // pause
    {bytes("\x41\x90"), 2, ProbeCost::kStepped},                // xchg %eax,%r8d
    {bytes("\x0f\x1f\x00"), 3, ProbeCost::kStepped},            // nopl (%rax)
    {bytes("\x0f\x1f\x40\x00"), 4, ProbeCost::kEmulated},       // nopl 0(%rax)
    {bytes("\x0f\x1f\x44\x00\x00"), 5, ProbeCost::kForbidden},  // nopl 0(%rax,%rax)
    {bytes("\x66\x0f\x1f\x40\x00"), 5, ProbeCost::kForbidden},  // nopw 0(%rax)
    {bytes("\x0f\x1f\x84\x00\x00\x00\x00\x00"), 8, ProbeCost::kEmulated},
    {bytes("\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00"), 10, ProbeCost::kForbidden},
    {bytes("\xeb\xfe"), 2, ProbeCost::kEmulated},                  // jmp .
    {bytes("\xe9\x00\x01\x00\x00"), 5, ProbeCost::kEmulated},      // jmp
    {bytes("\xf2\xe9\x00\x01\x00\x00"), 6, ProbeCost::kEmulated},  // bnd jmp
    {bytes("\xe8\x00\x01\x00\x00"), 5, ProbeCost::kEmulated},      // call
    {bytes("\x74\x05"), 2, ProbeCost::kEmulated},                  // je
    {bytes("\x0f\x84\x05\x00\x00\x00"), 6, ProbeCost::kEmulated},  // je
    {bytes("\xe3\x05"), 2, ProbeCost::kStepped},                   // jrcxz
    {bytes("\xff\xd0"), 2, ProbeCost::kStepped},                   // call *%rax
    {bytes("\x3e\xff\xe0"), 3, ProbeCost::kRefused},               // notrack jmp *%rax
    {bytes("\xf0\x48\x0f\xb1\x17"), 5, ProbeCost::kRefused},       // lock cmpxchg
    {bytes("\xf3\x0f\x1e\xfa"), 4, ProbeCost::kStepped},           // endbr64
    {bytes("\xc3"), 1, ProbeCost::kStepped},                       // ret
    {bytes("\x48\x83\xec\x18"), 4, ProbeCost::kStepped},           // sub $0x18,%rsp
    {bytes("\x48\xb8\x01\x02\x03\x04\x05\x06\x07\x08"), 10, ProbeCost::kStepped},  // movabs
    {bytes("\xf6\x45\x10\x01"), 4, ProbeCost::kStepped},              // testb $1,0x10(%rbp)
    {bytes("\xf7\xd8"), 2, ProbeCost::kStepped},                      // neg %eax
    {bytes("\xc5\xf8\x77"), 3, ProbeCost::kStepped},                  // vzeroupper
    {bytes("\xc4\xe3\x7d\x39\xc1\x01"), 6, ProbeCost::kStepped},      // vextracti128
    {bytes("\x62\xf1\xfe\x48\x6f\x46\x01"), 7, ProbeCost::kStepped},  // vmovdqu64
};

TEST(Instruction, HasALengthAndACost) {
  for (const Case& each : kCases) {
    const auto found = decode_text(each.bytes);
    ASSERT_TRUE(found) << fmt::format("{:02x}", fmt::join(each.bytes, " "));
    EXPECT_EQ(found->length, each.length) << fmt::format("{:02x}", fmt::join(each.bytes, " "));
    EXPECT_EQ(probe_cost(*found), each.cost) << fmt::format("{:02x}", fmt::join(each.bytes, " "));
  }
}

TEST(Instruction, IsNoneWhenItsBytesAreNotAllThere) {
  for (const Case& each : kCases) {
    for (std::size_t size = 0; size < each.length; ++size) {
      const auto found = decode_text(each.bytes.substr(0, size));
      // What is left of prefixes is no shorter instruction.
      EXPECT_FALSE(found) << fmt::format("{:02x}", fmt::join(each.bytes.substr(0, size), " "));
    }
  }
  EXPECT_FALSE(decode_text(std::string(16, '\x66')));
  EXPECT_FALSE(decode_text("\x06"));
}

TEST(Instruction, KnowsWhereItGoes) {
  EXPECT_EQ(branch_target(*decode_text("\x74\x05"), 0x1000), 0x1007u);
  EXPECT_EQ(branch_target(*decode_text("\xeb\xfe"), 0x1000), 0x1000u);
  EXPECT_EQ(branch_target(*decode_text("\xe8\xfb\xff\xff\xff"), 0x1000), 0x1000u);
  EXPECT_FALSE(branch_target(*decode_text("\xff\xd0"), 0x1000));
  // lea 0x100(%rip),%rax; cmpl $5,0x100(%rip)
  EXPECT_EQ(rip_target(*decode_text(bytes("\x48\x8d\x05\x00\x01\x00\x00")), 0x1000), 0x1107u);
  EXPECT_EQ(rip_target(*decode_text(bytes("\x83\x3d\x00\x01\x00\x00\x05")), 0x1000), 0x1107u);
  EXPECT_TRUE(ends_straight_line(*decode_text("\xc3")));
  EXPECT_TRUE(ends_straight_line(*decode_text("\xff\xe0")));
  EXPECT_TRUE(ends_straight_line(*decode_text("\x0f\x0b")));
  EXPECT_FALSE(ends_straight_line(*decode_text("\xff\xd0")));
}

TEST(Instruction, IsNeverLongerThanItsBytes) {
  std::mt19937 random(4);  // the same ones each time
  std::string noise(20, '\0');
  for (int i = 0; i < 200'000; ++i) {
    for (char& each : noise) each = static_cast<char>(random());
    const std::size_t size = random() % noise.size();
    const auto found = decode_text(std::string_view(noise).substr(0, size));
    if (!found) continue;
    ASSERT_LE(found->length, size);
  }
}

struct Line {
  std::uint64_t address;
  std::string_view text;
};

// "  401000:\tpush   %rbp"
std::vector<Line> lines_of(std::string_view listing) {
  std::vector<Line> lines;
  while (!listing.empty()) {
    const std::string_view line = listing.substr(0, listing.find('\n'));
    listing.remove_prefix(std::min(listing.size(), line.size() + 1));
    const std::size_t begin = line.find_first_not_of(' '), colon = line.find(":\t");
    if (begin == std::string_view::npos || colon == std::string_view::npos) continue;
    std::uint64_t address = 0;
    const char* end = line.data() + colon;
    const auto parsed = std::from_chars(line.data() + begin, end, address, 16);
    if (parsed.ec == std::errc() && parsed.ptr == end) {
      lines.push_back({address, line.substr(colon + 2)});
    }
  }
  return lines;
}

// What objdump does not understand, prefixes that it writes by themselves, and jumps of 16 bits,
// which one manufacturer's processors do not have: data between functions looks so.
bool is_no_instruction(std::string_view text) {
  text = text.substr(0, text.find_last_not_of(' ') + 1);
  const std::string_view last = text.substr(text.find_last_of(' ') + 1);
  for (const std::string_view prefix : {"rex", "data16", "rep", "lock", "addr32"}) {
    if (last.starts_with(prefix)) return true;
  }
  return text.starts_with(".byte") || text.find("(bad)") != text.npos ||
         text.starts_with("jmpw ") || text.starts_with("callw ");
}

void compare_with_objdump(const std::string& program) {
  SCOPED_TRACE(program);
  const test::ProgramResult listing = test::run_program(
      {"objdump", "-d", "-z", "-w", "--no-show-raw-insn", "-j", ".text", program});
  ASSERT_EQ(listing.status, 0) << listing.err;
  auto file = probes::ElfFile::open(UniqueFd(::open(program.c_str(), O_RDONLY | O_CLOEXEC)));
  ASSERT_TRUE(file);
  const probes::Section* text = file->section(".text");
  ASSERT_NE(text, nullptr);
  const auto code = file->read(*text);
  ASSERT_TRUE(code);
  const std::vector<Line> lines = lines_of(listing.out);
  ASSERT_GT(lines.size(), 1000u);
  std::size_t differing = 0;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
    if (is_no_instruction(lines[i].text) || lines[i].address < text->address) continue;
    const std::uint64_t at = lines[i].address - text->address;
    if (at >= code->size()) continue;
    const auto found = decode(std::span(*code).subspan(at));
    const std::uint64_t length = lines[i + 1].address - lines[i].address;
    // objdump writes a wait and the x87 instruction behind it as one.
    if (found && found->is_one_byte(0x9b) && length > 1) continue;
    if (found && found->length == length) continue;
    if (++differing > 10) continue;
    ADD_FAILURE() << fmt::format("{:#x}: {}: {} bytes, found {}", lines[i].address, lines[i].text,
                                 length, found ? found->length : 0);
  }
  EXPECT_EQ(differing, 0u) << "of " << lines.size();
  fmt::print("{}: {} instructions\n", program, lines.size());
}

TEST(Instruction, LengthsAreThoseOfObjdump) {
  if (test::run_program({"objdump", "--version"}).status != 0) GTEST_SKIP() << "needs objdump";
  std::size_t compared = 0;
  for (const char* program :
       {"/bin/bash", "/usr/bin/python3.11", "/lib/x86_64-linux-gnu/libc.so.6",
        "/lib/x86_64-linux-gnu/libm.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
        "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"}) {
    if (::access(program, R_OK) != 0) continue;
    compare_with_objdump(program);
    ++compared;
  }
  EXPECT_GT(compared, 1u);
}

}  // namespace
}  // namespace triptych::coroutine::discover
