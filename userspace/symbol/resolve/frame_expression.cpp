// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/frame_expression.hpp"

#include <dwarf.h>

#include <algorithm>
#include <vector>

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kMostSteps = 1000;
constexpr std::size_t kMostDepth = 100;

using Value = std::uint64_t;

class Machine {
 public:
  Machine(std::span<const Dwarf_Op> program, const FrameState& state)
      : program_(program), state_(state) {}

  std::optional<Value> run() {
    std::size_t steps = 0;
    while (at_ < program_.size()) {
      const Dwarf_Op& op = program_[at_++];
      if (++steps > kMostSteps || depth_.size() > kMostDepth || !step(op)) return std::nullopt;
    }
    if (depth_.empty()) return std::nullopt;
    return depth_.back();
  }

 private:
  bool push(std::optional<Value> value) {
    if (!value) return false;
    depth_.push_back(*value);
    return true;
  }
  std::optional<Value> pop() {
    if (depth_.empty()) return std::nullopt;
    const Value value = depth_.back();
    depth_.pop_back();
    return value;
  }
  bool push_register(Value number, Value added) {
    const std::optional<Value> value = state_.registers[number];
    return value && push(*value + added);
  }

  bool step(const Dwarf_Op& op);
  bool constant(const Dwarf_Op& op);
  bool arrange(const Dwarf_Op& op);
  bool unary(const Dwarf_Op& op);
  bool binary(const Dwarf_Op& op);
  bool jump(const Dwarf_Op& op);

  std::span<const Dwarf_Op> program_;
  const FrameState& state_;
  std::size_t at_ = 0;
  std::vector<Value> depth_;
};

bool Machine::step(const Dwarf_Op& op) {
  const unsigned atom = op.atom;
  if (atom >= DW_OP_lit0 && atom <= DW_OP_lit31) return push(atom - DW_OP_lit0);
  if (atom >= DW_OP_breg0 && atom <= DW_OP_breg31) {
    return push_register(atom - DW_OP_breg0, op.number);
  }
  switch (atom) {
    case DW_OP_bregx:
      return push_register(op.number, op.number2);
    case DW_OP_call_frame_cfa:
      return push(state_.frame_address);
    case DW_OP_nop:
      return true;
    case DW_OP_skip:
      return jump(op);
    case DW_OP_bra: {
      const std::optional<Value> wanted = pop();
      return wanted && (*wanted == 0 || jump(op));
    }
    default:
      return constant(op) || arrange(op) || unary(op) || binary(op);
  }
}

bool Machine::constant(const Dwarf_Op& op) {
  switch (op.atom) {
    case DW_OP_addr:
      return push(op.number + state_.moved);
    case DW_OP_const1u:
    case DW_OP_const1s:
    case DW_OP_const2u:
    case DW_OP_const2s:
    case DW_OP_const4u:
    case DW_OP_const4s:
    case DW_OP_const8u:
    case DW_OP_const8s:
    case DW_OP_constu:
    case DW_OP_consts:
      return push(op.number);
    default:
      return false;
  }
}

bool Machine::arrange(const Dwarf_Op& op) {
  const std::size_t size = depth_.size();
  switch (op.atom) {
    case DW_OP_dup:
      return size >= 1 && push(depth_[size - 1]);
    case DW_OP_over:
      return size >= 2 && push(depth_[size - 2]);
    case DW_OP_pick:
      return op.number < size && push(depth_[size - 1 - op.number]);
    case DW_OP_drop:
      return pop().has_value();
    case DW_OP_swap:
      if (size < 2) return false;
      std::swap(depth_[size - 1], depth_[size - 2]);
      return true;
    case DW_OP_rot:
      if (size < 3) return false;
      std::rotate(depth_.end() - 3, depth_.end() - 1, depth_.end());
      return true;
    default:
      return false;
  }
}

bool Machine::unary(const Dwarf_Op& op) {
  if (depth_.empty()) return false;
  Value& top = depth_.back();
  switch (op.atom) {
    case DW_OP_deref:
    case DW_OP_deref_size: {
      const std::size_t size = op.atom == DW_OP_deref ? sizeof top : op.number;
      const std::optional<Value> value = state_.stack.read(top, size);
      if (!value) return false;
      top = *value;
      return true;
    }
    case DW_OP_plus_uconst:
      top += op.number;
      return true;
    case DW_OP_abs:
      if (static_cast<std::int64_t>(top) < 0) top = -top;
      return true;
    case DW_OP_neg:
      top = -top;
      return true;
    case DW_OP_not:
      top = ~top;
      return true;
    default:
      return false;
  }
}

// None: there is no such operation, or it has no result.
std::optional<Value> combine(unsigned atom, Value a, Value b) {
  const auto signed_a = static_cast<std::int64_t>(a);
  const auto signed_b = static_cast<std::int64_t>(b);
  switch (atom) {
    case DW_OP_and:
      return a & b;
    case DW_OP_or:
      return a | b;
    case DW_OP_xor:
      return a ^ b;
    case DW_OP_plus:
      return a + b;
    case DW_OP_minus:
      return a - b;
    case DW_OP_mul:
      return a * b;
    case DW_OP_div:
      if (signed_b == 0 || signed_b == -1) return std::nullopt;
      return static_cast<Value>(signed_a / signed_b);
    case DW_OP_mod:
      if (b == 0) return std::nullopt;
      return a % b;
    case DW_OP_shl:
      return b < 64 ? a << b : 0;
    case DW_OP_shr:
      return b < 64 ? a >> b : 0;
    case DW_OP_shra:
      return static_cast<Value>(signed_a >> std::min<Value>(b, 63));
    case DW_OP_eq:
      return a == b;
    case DW_OP_ne:
      return a != b;
    case DW_OP_ge:
      return signed_a >= signed_b;
    case DW_OP_gt:
      return signed_a > signed_b;
    case DW_OP_le:
      return signed_a <= signed_b;
    case DW_OP_lt:
      return signed_a < signed_b;
    default:
      return std::nullopt;
  }
}

bool Machine::binary(const Dwarf_Op& op) {
  if (depth_.size() < 2) return false;
  const Value b = *pop();
  const Value a = *pop();
  return push(combine(op.atom, a, b));
}

// To the operation that begins so many bytes behind the end of this one, which is of three bytes.
bool Machine::jump(const Dwarf_Op& op) {
  const Value target = op.offset + 3 + static_cast<Value>(static_cast<std::int16_t>(op.number));
  for (std::size_t i = 0; i < program_.size(); ++i) {
    if (program_[i].offset != target) continue;
    at_ = i;
    return true;
  }
  return false;
}

}  // namespace

std::optional<std::uint64_t> evaluate(std::span<const Dwarf_Op> program, const FrameState& state) {
  return Machine(program, state).run();
}

}  // namespace triptych::symbol::resolve
