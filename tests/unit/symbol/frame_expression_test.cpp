// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/frame_expression.hpp"

#include <dwarf.h>
#include <gtest/gtest.h>

#include <vector>

namespace triptych::symbol::resolve {
namespace {

constexpr std::uint64_t kStack = 0x7f0000001000;

struct Fixture {
  Fixture() {
    registers.set(7, kStack);
    registers.set(16, 0x40100b);
    stack.pieces[kStack][8] = 0x34;
    stack.pieces[kStack][9] = 0x12;
  }
  [[nodiscard]] std::optional<std::uint64_t> operator()(
      const std::vector<Dwarf_Op>& program) const {
    return evaluate(program, {registers, stack, 0x1000, 0x5000});
  }
  Registers registers;
  analyze::CopiedStack stack;
};

Dwarf_Op op(unsigned atom, std::uint64_t number = 0, std::uint64_t number2 = 0,
            std::uint64_t offset = 0) {
  return {.atom = static_cast<std::uint8_t>(atom),
          .number = number,
          .number2 = number2,
          .offset = offset};
}

TEST(FrameExpression, RegistersMemoryAndTheFrameAddress) {
  const Fixture run;
  EXPECT_EQ(run({op(DW_OP_breg7, 16)}), kStack + 16);
  EXPECT_EQ(run({op(DW_OP_bregx, 7, 8), op(DW_OP_deref)}), 0x1234u);
  EXPECT_EQ(run({op(DW_OP_breg7, 8), op(DW_OP_deref_size, 1)}), 0x34u);
  EXPECT_EQ(run({op(DW_OP_call_frame_cfa), op(DW_OP_plus_uconst, static_cast<std::uint64_t>(-16))}),
            0x4ff0u);
  EXPECT_EQ(run({op(DW_OP_addr, 0x20)}), 0x1020u);
  EXPECT_EQ(run({op(DW_OP_breg0, 0)}), std::nullopt);  // not known
  EXPECT_EQ(run({op(DW_OP_lit0), op(DW_OP_deref)}), std::nullopt);
}

// As the linker writes it for the procedure linkage table.
TEST(FrameExpression, TheProcedureLinkageTables) {
  const Fixture run;
  EXPECT_EQ(run({op(DW_OP_breg7, 8), op(DW_OP_breg16, 0), op(DW_OP_lit15), op(DW_OP_and),
                 op(DW_OP_lit11), op(DW_OP_ge), op(DW_OP_lit3), op(DW_OP_shl), op(DW_OP_plus)}),
            kStack + 16);
}

TEST(FrameExpression, Arithmetic) {
  const Fixture run;
  const auto minus = static_cast<std::uint64_t>(-7);
  const auto of = [&](unsigned atom, std::uint64_t a, std::uint64_t b) {
    return run({op(DW_OP_constu, a), op(DW_OP_constu, b), op(atom)});
  };
  EXPECT_EQ(of(DW_OP_minus, 5, 7), static_cast<std::uint64_t>(-2));
  EXPECT_EQ(of(DW_OP_div, minus, 2), static_cast<std::uint64_t>(-3));
  EXPECT_EQ(of(DW_OP_div, minus, 0), std::nullopt);
  EXPECT_EQ(of(DW_OP_div, 1ull << 63, ~0ull), std::nullopt);
  EXPECT_EQ(of(DW_OP_mod, 7, 0), std::nullopt);
  EXPECT_EQ(of(DW_OP_shl, 1, 64), 0u);
  EXPECT_EQ(of(DW_OP_shra, minus, 200), ~0ull);
  EXPECT_EQ(of(DW_OP_lt, minus, 1), 1u);
  EXPECT_EQ(run({op(DW_OP_lit1), op(DW_OP_lit2), op(DW_OP_lit3), op(DW_OP_rot)}), 2u);
  EXPECT_EQ(run({op(DW_OP_lit1), op(DW_OP_lit2), op(DW_OP_swap)}), 1u);
  EXPECT_EQ(run({op(DW_OP_lit4), op(DW_OP_lit2), op(DW_OP_pick, 1)}), 4u);
}

TEST(FrameExpression, WhatMakesNoSenseHasNoValue) {
  const Fixture run;
  EXPECT_EQ(run({}), std::nullopt);
  EXPECT_EQ(run({op(DW_OP_plus)}), std::nullopt);
  EXPECT_EQ(run({op(DW_OP_lit1), op(DW_OP_pick, 9)}), std::nullopt);
  EXPECT_EQ(run({op(0xff)}), std::nullopt);
  // A program that never ends: to its own beginning.
  EXPECT_EQ(run({op(DW_OP_lit1, 0, 0, 0), op(DW_OP_skip, static_cast<std::uint16_t>(-4), 0, 1)}),
            std::nullopt);
  EXPECT_EQ(run({op(DW_OP_skip, static_cast<std::uint16_t>(-3), 0, 0)}), std::nullopt);
  EXPECT_EQ(run({op(DW_OP_skip, 77, 0, 0)}), std::nullopt);
}

TEST(FrameExpression, AJumpThatIsTaken) {
  const Fixture run;
  const std::vector<Dwarf_Op> program = {op(DW_OP_lit5, 0, 0, 0), op(DW_OP_lit1, 0, 0, 1),
                                         op(DW_OP_bra, 1, 0, 2), op(DW_OP_lit6, 0, 0, 5),
                                         op(DW_OP_lit7, 0, 0, 6)};
  EXPECT_EQ(run(program), 7u);
}

}  // namespace
}  // namespace triptych::symbol::resolve
