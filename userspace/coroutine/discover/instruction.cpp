// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/instruction.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kLongest = 15;

// What follows an opcode.
constexpr std::uint8_t kNothing = 0, kModrm = 1, kImmediate8 = 2, kImmediate16 = 4,
                       kImmediateZ = 8,  // 4 bytes, 2 with an operand-size prefix
    kImmediateV = 16,                    // 8 bytes with REX.W, otherwise like Z
    kOffset = 32,                        // an address of 8 bytes, 4 with an address-size prefix
    kRelative32 = 64, kUnknown = 128;
using Form = std::uint8_t;

constexpr bool in(std::uint8_t value, std::uint8_t first, std::uint8_t last) {
  return value >= first && value <= last;
}

constexpr Form form_of_arithmetic(std::uint8_t opcode) {
  switch (opcode & 7) {
    case 4:
      return kImmediate8;
    case 5:
      return kImmediateZ;
    case 6:
    case 7:
      return kUnknown;
    default:
      return kModrm;
  }
}

constexpr Form form_of_40_to_8f(std::uint8_t opcode) {
  if (in(opcode, 0x50, 0x5f) || in(opcode, 0x6c, 0x6f)) return kNothing;
  if (in(opcode, 0x70, 0x7f) || opcode == 0x6a) return kImmediate8;
  switch (opcode) {
    case 0x68:
      return kImmediateZ;
    case 0x69:
    case 0x81:
      return kModrm | kImmediateZ;
    case 0x6b:
    case 0x80:
    case 0x83:
      return kModrm | kImmediate8;
    case 0x63:
      return kModrm;
    default:
      return in(opcode, 0x84, 0x8f) ? kModrm : kUnknown;
  }
}

constexpr Form form_of_90_to_cf(std::uint8_t opcode) {
  if (in(opcode, 0xb0, 0xb7)) return kImmediate8;
  if (in(opcode, 0xb8, 0xbf)) return kImmediateV;
  if (in(opcode, 0xa0, 0xa3)) return kOffset;
  switch (opcode) {
    case 0x9a:
    case 0xc4:
    case 0xc5:
    case 0xce:
      return kUnknown;
    case 0xa8:
    case 0xcd:
      return kImmediate8;
    case 0xa9:
      return kImmediateZ;
    case 0xc0:
    case 0xc1:
    case 0xc6:
      return kModrm | kImmediate8;
    case 0xc7:
      return kModrm | kImmediateZ;
    case 0xc2:
    case 0xca:
      return kImmediate16;
    case 0xc8:
      return kImmediate16 | kImmediate8;
    default:
      return kNothing;
  }
}

constexpr Form form_of_d0_to_ff(std::uint8_t opcode) {
  if (in(opcode, 0xe0, 0xe7) || opcode == 0xeb) return kImmediate8;
  if (opcode == 0xe8 || opcode == 0xe9) return kRelative32;
  if (in(opcode, 0xd4, 0xd6) || opcode == 0xea) return kUnknown;
  if (opcode == 0xd7 || in(opcode, 0xec, 0xf5) || in(opcode, 0xf8, 0xfd)) return kNothing;
  return kModrm;
}

constexpr Form form_of(std::uint8_t opcode) {
  if (opcode < 0x40) return form_of_arithmetic(opcode);
  if (opcode < 0x90) return form_of_40_to_8f(opcode);
  return opcode < 0xd0 ? form_of_90_to_cf(opcode) : form_of_d0_to_ff(opcode);
}

// Those with a selector of fields in the last byte: shuffles, shifts, comparisons.
constexpr bool has_selector(std::uint8_t opcode) {
  return in(opcode, 0x70, 0x73) || opcode == 0xc2 || in(opcode, 0xc4, 0xc6);
}

constexpr Form form_of_0f(std::uint8_t opcode) {
  if (in(opcode, 0x80, 0x8f)) return kRelative32;
  if (in(opcode, 0x30, 0x37) || in(opcode, 0xc8, 0xcf)) return kNothing;
  if (has_selector(opcode)) return kModrm | kImmediate8;
  switch (opcode) {
    case 0x05:
    case 0x06:
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0b:
    case 0x0e:
    case 0x77:
    case 0xa0:
    case 0xa1:
    case 0xa2:
    case 0xa8:
    case 0xa9:
    case 0xaa:
      return kNothing;
    case 0x0f:
    case 0xa4:
    case 0xac:
    case 0xba:
      return kModrm | kImmediate8;
    case 0x04:
    case 0x0a:
    case 0x0c:
    case 0x39:
    case 0x7a:
    case 0x7b:
      return kUnknown;
    default:
      return in(opcode, 0x24, 0x27) || in(opcode, 0x3b, 0x3f) ? kUnknown : kModrm;
  }
}

class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes)
      : bytes_(bytes.first(bytes.size() < kLongest ? bytes.size() : kLongest)) {}

  std::optional<Instruction> run() {
    read_prefixes();
    const Form form = read_opcode();
    if (form == kUnknown) return std::nullopt;
    if ((form & kModrm) != 0) read_modrm();
    read_immediates(form);
    if (failed_) return std::nullopt;
    found_.length = static_cast<std::uint8_t>(at_);
    return found_;
  }

 private:
  std::uint8_t take() {
    if (at_ >= bytes_.size()) {
      failed_ = true;
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[at_++]);
  }

  [[nodiscard]] std::uint8_t next() const {
    return at_ < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at_]) : std::uint8_t{0};
  }

  std::int64_t take_signed(std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{take()} << (8 * i);
    const std::size_t unused = 64 - 8 * size;
    return static_cast<std::int64_t>(value << unused) >> unused;
  }

  bool read_legacy_prefix() {
    switch (next()) {
      case 0x66:
        found_.operand_size = true;
        break;
      case 0x67:
        address_size_ = true;
        break;
      case 0xf2:
        found_.repeat_not = true;
        break;
      case 0xf3:
        found_.repeat = true;
        break;
      case 0xf0:
      case 0x26:
      case 0x2e:
      case 0x36:
      case 0x3e:
        found_.segment_or_lock = true;
        break;
      case 0x64:
      case 0x65:
        break;
      default:
        return false;
    }
    ++at_;
    return true;
  }

  // A REX prefix counts only right before the opcode.
  void read_prefixes() {
    while (at_ < bytes_.size()) {
      if (read_legacy_prefix()) {
        found_.rex = 0;
      } else if ((next() & 0xf0) == 0x40) {
        found_.rex = take();
      } else {
        return;
      }
    }
  }

  Form read_opcode() {
    const std::uint8_t first = take();
    if (first == 0xc5 || first == 0xc4 || first == 0x62) return read_vector(first);
    if (first == 0x8f && (next() & 0x1f) >= 8) return read_extended();
    found_.opcode = first;
    if (first != 0x0f) return form_of(first);
    found_.opcode = take();
    found_.map = OpcodeMap::k0f;
    if (found_.opcode == 0x38 || found_.opcode == 0x3a) {
      const bool immediate = found_.opcode == 0x3a;
      found_.map = immediate ? OpcodeMap::k0f3a : OpcodeMap::k0f38;
      found_.opcode = take();
      return immediate ? kModrm | kImmediate8 : kModrm;
    }
    // With a prefix it has two immediates, on the few processors that know it.
    if (found_.opcode == 0x78 && (found_.operand_size || found_.repeat_not)) return kUnknown;
    return form_of_0f(found_.opcode);
  }

  // VEX and EVEX.
  Form read_vector(std::uint8_t first) {
    found_.map = OpcodeMap::kVector;
    std::uint8_t map = 1;
    if (first != 0xc5) map = take() & (first == 0x62 ? 7 : 0x1f);
    take();
    if (first == 0x62) take();
    found_.opcode = take();
    if (map == 3) return kModrm | kImmediate8;
    if (map == 1 && first != 0x62 && found_.opcode == 0x77) return kNothing;
    if (map == 1) return has_selector(found_.opcode) ? kModrm | kImmediate8 : kModrm;
    const bool known = map == 2 || (first == 0x62 && (map == 5 || map == 6));
    return known ? kModrm : kUnknown;
  }

  // XOP.
  Form read_extended() {
    found_.map = OpcodeMap::kVector;
    const std::uint8_t map = take() & 0x1f;
    take();
    found_.opcode = take();
    if (map == 8) return kModrm | kImmediate8;
    if (map == 9) return kModrm;
    return map == 10 ? kModrm | kImmediateZ : kUnknown;
  }

  void read_modrm() {
    found_.has_modrm = true;
    found_.modrm = take();
    const bool moves_control = found_.map == OpcodeMap::k0f && in(found_.opcode, 0x20, 0x23);
    if (found_.mod() == 3 || moves_control) return;
    bool wide = found_.mod() == 2 || found_.is_rip_relative();
    if ((found_.modrm & 7) == 4) {
      found_.sib = take();
      wide = wide || (found_.mod() == 0 && (found_.sib & 7) == 5);
    }
    if (wide) {
      found_.displacement = static_cast<std::int32_t>(take_signed(4));
    } else if (found_.mod() == 1) {
      found_.displacement = static_cast<std::int32_t>(take_signed(1));
    }
  }

  [[nodiscard]] std::size_t size_of_immediates(Form form) const {
    const bool narrow = found_.operand_size && !found_.is_wide();
    std::size_t size = 0;
    if ((form & kImmediate8) != 0) size += 1;
    if ((form & kImmediate16) != 0) size += 2;
    if ((form & kImmediateZ) != 0) size += narrow ? 2 : 4;
    if ((form & kImmediateV) != 0) size += found_.is_wide() ? 8 : narrow ? 2 : 4;
    if ((form & kOffset) != 0) size += address_size_ ? 4 : 8;
    if ((form & kRelative32) != 0) size += 4;
    const bool tests = found_.is_one_byte(0xf6) || found_.is_one_byte(0xf7);
    if (tests && (found_.modrm & 0x38) < 0x10) size += found_.opcode == 0xf6 ? 1 : narrow ? 2 : 4;
    return size;
  }

  void read_immediates(Form form) {
    // AMD and Intel disagree about its length.
    if ((form & kRelative32) != 0 && found_.operand_size && !found_.is_wide()) failed_ = true;
    const std::size_t size = size_of_immediates(form);
    found_.immediate_bytes = static_cast<std::uint8_t>(size);
    if (size != 0) found_.immediate = take_signed(size);
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
  bool address_size_ = false;
  Instruction found_;
};

bool is_one_byte_between(const Instruction& instruction, std::uint8_t first, std::uint8_t last) {
  return instruction.map == OpcodeMap::kOneByte && in(instruction.opcode, first, last);
}

}  // namespace

std::optional<Instruction> decode(std::span<const std::byte> bytes) {
  return Decoder(bytes).run();
}

bool is_nop(const Instruction& instruction) {
  // With a REX.B it exchanges two registers; with a repetition it is `pause`.
  if (instruction.is_one_byte(0x90)) {
    return (instruction.rex & 1) == 0 && !instruction.repeat;
  }
  return instruction.map == OpcodeMap::k0f && instruction.opcode == 0x1f;
}

bool is_call(const Instruction& instruction) {
  return instruction.is_one_byte(0xe8);
}

bool is_jump(const Instruction& instruction) {
  return instruction.is_one_byte(0xe9) || instruction.is_one_byte(0xeb);
}

bool is_conditional_jump(const Instruction& instruction) {
  if (instruction.map == OpcodeMap::k0f) return in(instruction.opcode, 0x80, 0x8f);
  return is_one_byte_between(instruction, 0x70, 0x7f) ||
         is_one_byte_between(instruction, 0xe0, 0xe3);
}

bool is_push(const Instruction& instruction) {
  return is_one_byte_between(instruction, 0x50, 0x57);
}

ProbeCost probe_cost(const Instruction& instruction) {
  const std::uint8_t length = instruction.length;
  if (is_nop(instruction) && (length == 5 || length == 10)) return ProbeCost::kForbidden;
  if (instruction.segment_or_lock) return ProbeCost::kRefused;
  if (is_nop(instruction)) {
    const bool measured = length == 1 || length == 2 || length == 4 || length == 8;
    return measured ? ProbeCost::kEmulated : ProbeCost::kStepped;
  }
  if (is_push(instruction)) {
    const bool plain = length == 1 || (length == 2 && instruction.rex == 0x41);
    return plain ? ProbeCost::kEmulated : ProbeCost::kStepped;
  }
  // Loops and jrcxz are not among those that it emulates.
  const bool condition =
      is_conditional_jump(instruction) && !is_one_byte_between(instruction, 0xe0, 0xe3);
  const bool goes = is_call(instruction) || is_jump(instruction) || condition;
  return goes && !instruction.operand_size ? ProbeCost::kEmulated : ProbeCost::kStepped;
}

bool ends_straight_line(const Instruction& instruction) {
  if (is_jump(instruction)) return true;
  if (instruction.map == OpcodeMap::k0f) {
    return instruction.opcode == 0x0b || instruction.opcode == 0xb9 || instruction.opcode == 0xff;
  }
  if (instruction.map != OpcodeMap::kOneByte) return false;
  switch (instruction.opcode) {
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcc:
    case 0xcf:
    case 0xf4:
      return true;
    case 0xff: {
      const std::uint8_t what = instruction.modrm >> 3 & 7;
      return what == 4 || what == 5;
    }
    default:
      return false;
  }
}

std::optional<std::uint64_t> branch_target(const Instruction& instruction, std::uint64_t address) {
  const bool goes =
      is_call(instruction) || is_jump(instruction) || is_conditional_jump(instruction);
  if (!goes) return std::nullopt;
  return address + instruction.length + static_cast<std::uint64_t>(instruction.immediate);
}

std::optional<std::uint64_t> rip_target(const Instruction& instruction, std::uint64_t address) {
  if (!instruction.is_rip_relative()) return std::nullopt;
  return address + instruction.length +
         static_cast<std::uint64_t>(static_cast<std::int64_t>(instruction.displacement));
}

}  // namespace triptych::coroutine::discover
