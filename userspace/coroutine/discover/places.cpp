// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/places.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr int kMostEntryInstructions = 16;
constexpr int kMostLandingInstructions = 64;
constexpr std::uint16_t kMostPushed = 0x7000;

constexpr std::uint8_t kNowhere = 0xff;  // memory, flags or a vector register
constexpr std::uint8_t kAnyRegister = 0xfe;

std::uint8_t written_by_rm(const Instruction& instruction) {
  return instruction.mod() == 3 ? instruction.rm() : kNowhere;
}

std::uint8_t written_by_group(const Instruction& instruction, std::uint8_t harmless) {
  const bool only_reads = (instruction.modrm >> 3 & 7) == harmless;
  return only_reads ? kNowhere : written_by_rm(instruction);
}

std::uint8_t written_by_0f(const Instruction& instruction) {
  switch (instruction.opcode) {
    case 0x10:
    case 0x11:
    case 0x1e:
    case 0x1f:
    case 0x28:
    case 0x29:
    case 0x57:
    case 0x6f:
    case 0x7f:
    case 0xef:
      return kNowhere;
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf:
      return instruction.reg();
    default:
      return kAnyRegister;
  }
}

// Of an instruction as they stand at the beginning of functions; kAnyRegister for all others.
std::uint8_t written_register(const Instruction& instruction) {
  if (instruction.map == OpcodeMap::k0f) return written_by_0f(instruction);
  if (instruction.map != OpcodeMap::kOneByte) return kAnyRegister;
  const std::uint8_t opcode = instruction.opcode;
  if (opcode >= 0x38 && opcode <= 0x3d) return kNowhere;  // cmp
  if (opcode < 0x40) {
    if ((opcode & 7) >= 4) return kRax;
    return (opcode & 2) == 0 ? written_by_rm(instruction) : instruction.reg();
  }
  if (opcode >= 0xb0 && opcode <= 0xbf) {
    return static_cast<std::uint8_t>((opcode & 7) | (instruction.rex & 1) << 3);
  }
  switch (opcode) {
    case 0x80:
    case 0x81:
    case 0x83:
      return written_by_group(instruction, 7);  // cmp
    case 0x84:
    case 0x85:
    case 0x90:
    case 0xa8:
    case 0xa9:
      return kNowhere;
    case 0x88:
    case 0x89:
    case 0xc6:
    case 0xc7:
      return written_by_rm(instruction);
    case 0x63:
    case 0x8a:
    case 0x8b:
    case 0x8d:
      return instruction.reg();
    case 0xf6:
    case 0xf7:
      return written_by_group(instruction, 0);  // test
    default:
      return kAnyRegister;
  }
}

// sub $n,%rsp: n. push $n: 8. What else changes rsp, or cannot be followed: none.
std::optional<std::uint16_t> pushed_by(const Instruction& instruction) {
  const bool pushes = instruction.is_one_byte(0x68) || instruction.is_one_byte(0x6a);
  if (pushes || (is_push(instruction) && !instruction.operand_size)) return std::uint16_t{8};
  const bool arithmetic = instruction.is_one_byte(0x81) || instruction.is_one_byte(0x83);
  const bool subtracts = arithmetic && (instruction.modrm & 0xf8) == 0xe8 && instruction.is_wide();
  if (subtracts && instruction.rm() == kRsp) {
    if (instruction.immediate < 0 || instruction.immediate > kMostPushed) return std::nullopt;
    return static_cast<std::uint16_t>(instruction.immediate);
  }
  const std::uint8_t written = written_register(instruction);
  if (written == kAnyRegister || written == kRsp) return std::nullopt;
  return std::uint16_t{0};
}

// movzwl NUMBER(%rdi),%eax
bool loads_word(const Instruction& instruction, std::uint16_t at) {
  return instruction.map == OpcodeMap::k0f && instruction.opcode == 0xb7 &&
         instruction.reg() == kRax && instruction.base() == kRdi && instruction.displacement == at;
}

// mov %rdi,NUMBER(%rsp)
bool keeps_argument(const Instruction& instruction) {
  return instruction.is_one_byte(0x89) && instruction.is_wide() && instruction.reg() == kRdi &&
         instruction.base() == kRsp;
}

}  // namespace

void sweep(std::span<const std::byte> code, std::uint64_t address,
           const std::function<bool(std::uint64_t, const Instruction&)>& take) {
  while (!code.empty()) {
    const auto instruction = decode(code);
    if (!instruction || !take(address, *instruction)) return;
    code = code.subspan(instruction->length);
    address += instruction->length;
  }
}

std::unordered_set<std::uint64_t> jump_targets(std::span<const std::byte> code,
                                               std::uint64_t address) {
  std::unordered_set<std::uint64_t> targets;
  sweep(code, address, [&](std::uint64_t at, const Instruction& instruction) {
    const auto target = branch_target(instruction, at);
    if (target && !is_call(instruction)) targets.insert(*target);
    return true;
  });
  return targets;
}

std::optional<EntryPlace> entry_place(std::span<const std::byte> code, std::uint64_t address,
                                      bool may_be_kept, std::optional<std::uint16_t> word_at) {
  const auto targets = jump_targets(code, address);
  std::optional<EntryPlace> found;
  std::uint16_t pushed = 0;
  std::optional<std::int32_t> kept;  // from where rsp was at the entry
  bool in_register = true, word_in_rax = false;
  int left = kMostEntryInstructions;
  sweep(code, address, [&](std::uint64_t at, const Instruction& instruction) {
    if (at != address && targets.contains(at)) return false;
    const ProbeCost cost = probe_cost(instruction);
    const bool is_cheap = cost == ProbeCost::kEmulated;
    const bool was_cheap = found && found->cost == ProbeCost::kEmulated;
    const bool is_dear = at == address && cost == ProbeCost::kStepped;
    if (is_dear || (is_cheap && (!was_cheap || word_in_rax))) {
      found = EntryPlace{at, pushed, cost, std::nullopt, word_in_rax};
      if (!in_register) found->kept_at = *kept + pushed;
    }
    const bool goes_on = word_at && !word_in_rax && is_push(instruction);
    if ((is_cheap && !goes_on) || ends_straight_line(instruction)) return false;
    const auto more = pushed_by(instruction);
    if (!more || pushed + *more > kMostPushed || --left == 0) return false;
    pushed = static_cast<std::uint16_t>(pushed + *more);
    if (may_be_kept && in_register && keeps_argument(instruction)) {
      kept = instruction.displacement - pushed;
    }
    const std::uint8_t written = written_register(instruction);
    if (written == kRax) word_in_rax = word_at && in_register && loads_word(instruction, *word_at);
    if (written == kRdi) in_register = false;
    return in_register || kept.has_value();
  });
  return found;
}

Landing landing_place(std::span<const std::byte> code, std::uint64_t address, bool calls_before) {
  Landing found;
  int left = kMostLandingInstructions * (calls_before ? 2 : 1);
  sweep(code, address, [&](std::uint64_t at, const Instruction& instruction) {
    if (probe_cost(instruction) == ProbeCost::kEmulated) found.address = at;
    found.returns = instruction.is_one_byte(0xc3);
    const bool calls =
        !calls_before && instruction.is_one_byte(0xff) && (instruction.modrm >> 3 & 7) == 2;
    return !found.address && !calls && !ends_straight_line(instruction) && --left > 0;
  });
  return found;
}

}  // namespace triptych::coroutine::discover
