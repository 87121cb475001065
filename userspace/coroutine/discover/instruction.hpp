// SPDX-License-Identifier: Apache-2.0
//
// x86-64 instructions, as far as the choice of a place to probe needs them: how long one is, what a
// probe on it costs, where it goes on. The bytes are anybody's; what is not understood is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace triptych::coroutine::discover {

// What the kernel does with a probe on an instruction.
enum class ProbeCost : std::uint8_t {
  kEmulated,   // push of a register, short nop, relative jump or call: 0.4 us a hit
  kStepped,    // anything else is executed elsewhere, alone: 14 us
  kRefused,    // with such prefixes it takes none
  kForbidden,  // a nop that kernels turn into a call: it has killed forked children
};

inline constexpr std::uint32_t kEmulatedNs = 400, kSteppedNs = 14'000;  // a hit

enum class OpcodeMap : std::uint8_t { kOneByte, k0f, k0f38, k0f3a, kVector };

inline constexpr std::uint8_t kRax = 0, kRcx = 1, kRdx = 2, kRbx = 3, kRsp = 4, kRbp = 5, kRsi = 6,
                              kRdi = 7;

struct Instruction {
  std::uint8_t length = 0;
  OpcodeMap map = OpcodeMap::kOneByte;
  std::uint8_t opcode = 0;
  std::uint8_t rex = 0;  // 0: none
  bool operand_size = false, repeat = false, repeat_not = false, segment_or_lock = false;
  bool has_modrm = false;
  std::uint8_t modrm = 0;
  std::uint8_t sib = 0;
  std::uint8_t immediate_bytes = 0;
  std::int32_t displacement = 0;
  std::int64_t immediate = 0;  // of a relative jump or call: from the instruction's end

  [[nodiscard]] bool is_one_byte(std::uint8_t value) const {
    return map == OpcodeMap::kOneByte && opcode == value;
  }
  [[nodiscard]] bool is_wide() const { return (rex & 8) != 0; }
  [[nodiscard]] std::uint8_t mod() const { return modrm >> 6; }
  // Both with what the REX prefix adds; rm only where mod() is 3, or there is no SIB byte.
  [[nodiscard]] std::uint8_t reg() const {
    return static_cast<std::uint8_t>((modrm >> 3 & 7) | (rex & 4) << 1);
  }
  [[nodiscard]] std::uint8_t rm() const {
    return static_cast<std::uint8_t>((modrm & 7) | (rex & 1) << 3);
  }
  // Of an operand in memory at [register + displacement]: the register. Otherwise none.
  [[nodiscard]] std::optional<std::uint8_t> base() const {
    if (!has_modrm || mod() == 3 || is_rip_relative()) return std::nullopt;
    if ((modrm & 7) != 4) return rm();
    const bool no_index = (sib & 0x38) == 0x20 && (rex & 2) == 0;
    const bool no_base = mod() == 0 && (sib & 7) == 5;
    if (!no_index || no_base) return std::nullopt;
    return static_cast<std::uint8_t>((sib & 7) | (rex & 1) << 3);
  }
  [[nodiscard]] bool is_rip_relative() const { return has_modrm && (modrm & 0xc7) == 0x05; }
};

// The one that the bytes begin with; none when it is not known, or not all there.
std::optional<Instruction> decode(std::span<const std::byte> bytes);

ProbeCost probe_cost(const Instruction& instruction);

bool is_nop(const Instruction& instruction);
bool is_call(const Instruction& instruction);              // relative
bool is_jump(const Instruction& instruction);              // relative, unconditional
bool is_conditional_jump(const Instruction& instruction);  // relative, loops and jrcxz too
bool is_push(const Instruction& instruction);              // of a register
// What may not go on with the next instruction: jumps, returns, traps.
bool ends_straight_line(const Instruction& instruction);

// Relative jumps and calls, of an instruction at `address`: where to. Otherwise none.
std::optional<std::uint64_t> branch_target(const Instruction& instruction, std::uint64_t address);
// What a RIP-relative operand means.
std::optional<std::uint64_t> rip_target(const Instruction& instruction, std::uint64_t address);

}  // namespace triptych::coroutine::discover
