// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/remembered_unwinds.hpp"

#include <gtest/gtest.h>

namespace triptych::symbol::resolve {
namespace {

// What comes of a stack is told by its stack pointer alone.
class CountingUnwinder : public analyze::Unwinder {
 public:
  analyze::Unwound unwind(const analyze::CopiedStack& stack,
                          const analyze::CodeSpaces& /*code*/) override {
    ++asked;
    return {.frames = {stack.registers[7], 0x1000}, .end = analyze::StackEnd::kFirstFunction};
  }
  int asked = 0;
};

TEST(RememberedUnwinds, ReadingsAtDifferentPlacesHaveTheSame) {
  CountingUnwinder unwinder;
  RememberedUnwinds all(unwinder);
  RememberedUnwinds::Reading first(all), second(all);
  const analyze::CodeSpaces code;
  const auto next = [&code](RememberedUnwinds::Reading& reading, std::uint64_t stack_pointer) {
    analyze::CopiedStack stack;
    stack.registers[7] = stack_pointer;
    return reading.unwind(stack, code);
  };
  EXPECT_EQ(next(first, 1).frames, (std::vector<std::uint64_t>{1, 0x1000}));
  // The second one reads all of it at once.
  for (const std::uint64_t each : {1, 2, 1, 3}) EXPECT_EQ(next(second, each).frames.front(), each);
  EXPECT_EQ(unwinder.asked, 4);
  for (const std::uint64_t each : {2, 1, 3}) {
    const analyze::Unwound unwound = next(first, each);
    EXPECT_EQ(unwound.frames.front(), each);
    EXPECT_EQ(unwound.end, analyze::StackEnd::kFirstFunction);
  }
  EXPECT_EQ(unwinder.asked, 4);
  EXPECT_EQ(next(first, 4).frames.front(), 4u);
  EXPECT_EQ(unwinder.asked, 5);
}

}  // namespace
}  // namespace triptych::symbol::resolve
