// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/kernel_stacks.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "abi/stacks.h"
#include "decode/decode.hpp"

namespace triptych::symbol::capture {
namespace {

constexpr const char* kText =
    "ffffffff81000000 T _text\n"
    "ffffffff81000100 t schedule\n"
    "ffffffff81000200 D some_data\n"
    "ffffffff81000300 T do_nanosleep\n"
    "ffffffff81000300 T alias_of_nanosleep\n"
    "ffffffffc0000000 t helper\t[module]\n"
    "ffffffffc0001000 t bpf_prog_0123_on_switch\t[bpf]\n"
    "not a line\n"
    "0000000000000000 A nothing";

TEST(KernelNames, FindsTheFunctionThatAnAddressLiesIn) {
  const KernelNames names = KernelNames::parse(kText);
  EXPECT_EQ(names.size(), 6u);
  const auto place = names.find(0xffffffff81000310);
  ASSERT_TRUE(place);
  EXPECT_EQ(names.name(place->symbol), "do_nanosleep");
  EXPECT_EQ(names.module(place->symbol), "");
  EXPECT_EQ(place->offset, 0x10u);
  const auto helper = names.find(0xffffffffc0000004);
  ASSERT_TRUE(helper);
  EXPECT_EQ(names.name(helper->symbol), "helper");
  EXPECT_EQ(names.module(helper->symbol), "module");
  EXPECT_FALSE(names.find(0xffffffff80ffffff));
  EXPECT_FALSE(names.find(0xffffffffc0200000));  // farther than any function is long
  EXPECT_FALSE(KernelNames::parse("").find(1));
}

std::vector<std::byte> kernel_stack(const std::vector<std::uint64_t>& addresses) {
  triptych_stack stack{};
  stack.hdr.ts_ns = 7;
  stack.hdr.cpu = 1;
  stack.hdr.kind = TRIPTYCH_EV_STACK;
  stack.stack = 5;
  stack.flags = TRIPTYCH_STACK_KERNEL;
  stack.frames = static_cast<__u16>(addresses.size());
  for (std::size_t i = 0; i < addresses.size(); ++i) stack.frame[i] = addresses[i];
  const std::size_t size = offsetof(triptych_stack, frame) + (addresses.size() + 3) / 4 * 32;
  stack.hdr.size8 = static_cast<__u8>(size / 8);
  const auto bytes = std::as_bytes(std::span(&stack, 1)).first(size);
  return {bytes.begin(), bytes.end()};
}

std::vector<model::Event> pass(KernelStacks& stacks, std::uint32_t stream,
                               const std::vector<std::byte>& record) {
  std::vector<model::Event> events;
  EXPECT_TRUE(KernelStacks::concerns(record));
  EXPECT_TRUE(stacks.pass(stream, record, [&](std::span<const std::byte> passed) {
    EXPECT_FALSE(KernelStacks::concerns(passed));
    EXPECT_EQ(decode::decode(passed, events.emplace_back()), decode::Status::kOk);
    return Result<void>();
  }));
  return events;
}

TEST(KernelStacks, AddressesBecomeSymbolsThatEachStreamIsToldOnce) {
  KernelStacks stacks(KernelNames::parse(kText));
  const auto record = kernel_stack({0xffffffff81000104, 0xffffffff81000310, 0xffffffff7fffffff});
  const auto events = pass(stacks, 0, record);
  ASSERT_EQ(events.size(), 3u);
  const auto* schedule = std::get_if<model::KernelSymbol>(&events[0].payload);
  ASSERT_NE(schedule, nullptr);
  EXPECT_EQ(schedule->name.view(), "schedule");
  EXPECT_EQ(events[0].ts_ns, 7u);
  EXPECT_EQ(std::get<model::KernelSymbol>(events[1].payload).name.view(), "do_nanosleep");
  const auto& stack = std::get<model::Stack>(events[2].payload);
  ASSERT_EQ(stack.frames, 3u);
  EXPECT_TRUE(stack.symbols);
  EXPECT_EQ(stack.frame[0], (model::KernelFrame{schedule->symbol, 4}.coded()));
  EXPECT_EQ(model::KernelFrame::of(stack.frame[1]).offset, 0x10u);
  EXPECT_EQ(stack.frame[2], 0u);  // nobody's, and its address is not told
  EXPECT_EQ(pass(stacks, 0, record).size(), 1u);
  EXPECT_EQ(pass(stacks, 1, record).size(), 3u);
}

TEST(KernelStacks, WhatTracingCallsIsNoPartOfTheStack) {
  KernelStacks stacks(KernelNames::parse(kText));
  const auto events = pass(stacks, 0, kernel_stack({0xffffffffc0001010, 0xffffffff81000104}));
  const auto& stack = std::get<model::Stack>(events.back().payload);
  EXPECT_EQ(stack.frames, 1u);
  EXPECT_EQ(model::KernelFrame::of(stack.frame[0]).offset, 4u);
}

TEST(KernelStacks, UserStacksAndOtherRecordsPassAsTheyAre) {
  std::vector<std::byte> record = kernel_stack({1});
  triptych_stack stack{};
  std::memcpy(&stack, record.data(), record.size());
  stack.flags = 0;
  std::memcpy(record.data(), &stack, record.size());
  EXPECT_FALSE(KernelStacks::concerns(record));
  EXPECT_FALSE(KernelStacks::concerns(std::span(record).first(16)));
}

}  // namespace
}  // namespace triptych::symbol::capture
