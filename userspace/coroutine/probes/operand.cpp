// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/operand.hpp"

#include <asm/ptrace.h>

#include <array>
#include <charconv>
#include <cstddef>

namespace triptych::coroutine::probes {
namespace {

struct Register {
  std::array<std::string_view, 4> names;  // of 8, 4, 2 and 1 byte
  std::size_t offset;
};

constexpr Register kRegisters[] = {
    {{"rax", "eax", "ax", "al"}, offsetof(pt_regs, rax)},
    {{"rbx", "ebx", "bx", "bl"}, offsetof(pt_regs, rbx)},
    {{"rcx", "ecx", "cx", "cl"}, offsetof(pt_regs, rcx)},
    {{"rdx", "edx", "dx", "dl"}, offsetof(pt_regs, rdx)},
    {{"rsi", "esi", "si", "sil"}, offsetof(pt_regs, rsi)},
    {{"rdi", "edi", "di", "dil"}, offsetof(pt_regs, rdi)},
    {{"rbp", "ebp", "bp", "bpl"}, offsetof(pt_regs, rbp)},
    {{"rsp", "esp", "sp", "spl"}, offsetof(pt_regs, rsp)},
    {{"r8", "r8d", "r8w", "r8b"}, offsetof(pt_regs, r8)},
    {{"r9", "r9d", "r9w", "r9b"}, offsetof(pt_regs, r9)},
    {{"r10", "r10d", "r10w", "r10b"}, offsetof(pt_regs, r10)},
    {{"r11", "r11d", "r11w", "r11b"}, offsetof(pt_regs, r11)},
    {{"r12", "r12d", "r12w", "r12b"}, offsetof(pt_regs, r12)},
    {{"r13", "r13d", "r13w", "r13b"}, offsetof(pt_regs, r13)},
    {{"r14", "r14d", "r14w", "r14b"}, offsetof(pt_regs, r14)},
    {{"r15", "r15d", "r15w", "r15b"}, offsetof(pt_regs, r15)},
};

// "%rdi", and only the whole register where it holds an address.
std::optional<std::uint16_t> parse_register(std::string_view text, bool whole) {
  if (text.empty() || text.front() != '%') return std::nullopt;
  text.remove_prefix(1);
  for (const Register& each : kRegisters) {
    for (std::size_t i = 0; i < (whole ? 1 : each.names.size()); ++i) {
      if (each.names[i] == text) return static_cast<std::uint16_t>(each.offset);
    }
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.substr(0, 2) == "0x") {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

// What stands behind the '@'.
bool parse_place(std::string_view text, triptych_operand& operand) {
  if (!text.empty() && text.front() == '$') {
    const auto value = parse_number(text.substr(1));
    operand.kind = TRIPTYCH_OPERAND_CONSTANT;
    operand.value = value.value_or(0);
    return value.has_value();
  }
  if (const auto offset = parse_register(text, false)) {
    operand.kind = TRIPTYCH_OPERAND_REGISTER;
    operand.register_offset = *offset;
    return true;
  }
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos || text.back() != ')') return false;
  const auto offset = parse_register(text.substr(open + 1, text.size() - open - 2), true);
  const auto added =
      open == 0 ? std::optional<std::int64_t>(0) : parse_number(text.substr(0, open));
  if (!offset || !added) return false;
  operand.kind = TRIPTYCH_OPERAND_MEMORY;
  operand.register_offset = *offset;
  operand.value = *added;
  return true;
}

}  // namespace

std::optional<triptych_operand> parse_operand(std::string_view text) {
  triptych_operand operand{};
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto size = parse_number(text.substr(0, at));
  if (!size || *size < -8 || *size > 8) return std::nullopt;
  const std::int64_t bytes = *size < 0 ? -*size : *size;
  if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return std::nullopt;
  operand.bytes = static_cast<std::uint8_t>(bytes);
  operand.is_signed = *size < 0 ? 1 : 0;
  if (!parse_place(text.substr(at + 1), operand)) return std::nullopt;
  return operand;
}

std::optional<std::vector<triptych_operand>> parse_operands(std::string_view text) {
  std::vector<triptych_operand> operands;
  while (true) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return operands;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find(' '));
    const auto operand = parse_operand(word);
    if (!operand) return std::nullopt;
    operands.push_back(*operand);
    text.remove_prefix(word.size());
  }
}

}  // namespace triptych::coroutine::probes
