// SPDX-License-Identifier: Apache-2.0
//
// Stacks against chains of functions that tell where they are.
#include <gtest/gtest.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "bpf/recorded_scenario.hpp"

namespace triptych::test {
namespace {

struct Range {
  std::uint64_t start = 0;
  std::uint64_t stop = 0;
  [[nodiscard]] bool has(std::uint64_t address) const { return address >= start && address < stop; }
};

struct Stacks {
  explicit Stacks(const Recorded& recorded) {
    for (const auto& [event, stack] : recorded.all<model::Stack>()) told[stack.id] = stack;
    for (const auto& [event, mark] : recorded.all<model::Mark>()) {
      char name[16];
      Range range;
      if (mark.type == model::MarkType::kPoint &&
          std::sscanf(std::string(mark.name.view()).c_str(), "%15s %" SCNx64 " %" SCNx64, name,
                      &range.start, &range.stop) == 3) {
        functions[name] = range;
      }
      if (mark.type == model::MarkType::kBegin) begin_ns = event.ts_ns;
      if (mark.type == model::MarkType::kEnd) end_ns = event.ts_ns;
      task = event.task;
    }
  }

  [[nodiscard]] bool marked(const model::Event& event) const {
    return event.task == task && event.ts_ns > begin_ns && event.ts_ns < end_ns;
  }
  // The innermost frames are these functions', in this order.
  [[nodiscard]] bool begins(model::StackId id, std::initializer_list<const char*> names) const {
    const auto found = told.find(id);
    if (found == told.end() || found->second.frames < names.size()) return false;
    std::size_t at = 0;
    for (const char* name : names) {
      if (!functions.at(name).has(found->second.frame[at++])) return false;
    }
    return true;
  }

  std::map<model::StackId, model::Stack> told;
  std::map<std::string, Range> functions;
  model::TaskId task{};
  model::TimeNs begin_ns = 0;
  model::TimeNs end_ns = 0;
};

// What was taken is there, by the recorder's own account.
void expect_all_there(const Recorded& recorded) {
  const model::StackCounters& counters = recorded.ending.counters.stacks;
  std::uint64_t numbers = 0;
  for (const auto& [event, of] : recorded.all<model::StackOf>()) {
    numbers += (of.user != model::kNoStack) + (of.kernel != model::kNoStack);
  }
  for (const auto& [event, sample] : recorded.all<model::Sample>()) {
    numbers += (sample.user != model::kNoStack) + (sample.kernel != model::kNoStack);
  }
  EXPECT_EQ(counters.lost, 0u);
  EXPECT_EQ(counters.lost_samples, 0u);
  EXPECT_EQ(counters.taken, numbers + counters.unreadable);
  EXPECT_EQ(counters.told, recorded.all<model::Stack>().size());
}

RecordOptions with_stacks(const probe::StackSet& stacks) {
  RecordOptions options;
  options.stacks = stacks;
  return options;
}

// What stands directly before `at` on the same CPU, if it is its stacks.
std::optional<model::StackOf> stacks_before(const Recorded& recorded, std::size_t at) {
  const model::Event& event = recorded.events[at];
  for (std::size_t i = at; i-- > 0 && recorded.events[i].ts_ns == event.ts_ns;) {
    if (recorded.events[i].cpu != event.cpu) continue;
    const auto* of = std::get_if<model::StackOf>(&recorded.events[i].payload);
    if (of != nullptr && recorded.events[i].task == event.task) return *of;
  }
  return std::nullopt;
}

TEST(Stack, EachBlockedSwitchHasTheChainThatSleeps) {
  constexpr std::size_t kSleeps = 200;
  Recorded recorded;
  record_scenario("blocked_chain", kSleeps, &recorded, with_stacks({.off_cpu = true}));
  if (HasFatalFailure() || IsSkipped()) return;
  expect_all_there(recorded);
  const Stacks stacks(recorded);
  std::size_t blocked = 0;
  std::set<model::StackId> numbers;
  for (std::size_t i = 0; i < recorded.events.size(); ++i) {
    const auto* change = std::get_if<model::Switch>(&recorded.events[i].payload);
    if (change == nullptr || !change->voluntary || !stacks.marked(recorded.events[i])) continue;
    ++blocked;
    const auto of = stacks_before(recorded, i);
    ASSERT_TRUE(of);
    EXPECT_EQ(of->what, model::StackWhat::kSwitch);
    EXPECT_EQ(of->kernel, model::kNoStack);
    EXPECT_TRUE(stacks.begins(of->user, {"inner", "middle", "outer"}));
    numbers.insert(of->user);
  }
  // As many as the kernel counted: where the machine is slow, a sleep may be over before it has
  // begun to block.
  std::vector<std::uint64_t> counted;
  for (const auto& [event, mark] : recorded.all<model::Mark>()) {
    if (mark.type != model::MarkType::kPoint) counted.push_back(mark.counters.nvcsw);
  }
  ASSERT_EQ(counted.size(), 2u);
  EXPECT_EQ(blocked, counted[1] - counted[0]);
  EXPECT_GE(blocked, kSleeps * 9 / 10);
  EXPECT_EQ(numbers.size(), 1u);  // told once
}

// Between the marks.
std::size_t blocked_switches(const Recorded& recorded, const Stacks& stacks) {
  std::size_t blocked = 0;
  for (const auto& [event, change] : recorded.all<model::Switch>()) {
    blocked += change.voluntary && stacks.marked(event);
  }
  return blocked;
}

// The memory that is copied is that of the marked functions: their return addresses are in it.
TEST(Stack, CopiesHaveTheRegistersAndTheMemoryBehindThem) {
  constexpr std::size_t kSleeps = 50;
  Recorded recorded;
  record_scenario("blocked_chain", kSleeps, &recorded,
                  with_stacks({.off_cpu = true, .copied_bytes = 2048}));
  if (HasFatalFailure() || IsSkipped()) return;
  const model::StackCounters& counters = recorded.ending.counters.stacks;
  const auto copies = recorded.all<model::StackCopy>();
  EXPECT_EQ(counters.copied, copies.size());
  EXPECT_EQ(counters.taken, counters.copied);
  EXPECT_EQ(counters.lost, 0u);
  EXPECT_EQ(counters.told, 0u);
  std::map<model::StackId, std::map<std::uint64_t, model::StackBytes>> pieces;
  for (const auto& [event, piece] : recorded.all<model::StackBytes>()) {
    pieces[piece.id][piece.address] = piece;
  }
  const Stacks stacks(recorded);
  std::size_t seen = 0;
  for (const auto& [event, copy] : copies) {
    if (!stacks.marked(event)) continue;
    ++seen;
    EXPECT_TRUE(stacks.functions.at("inner").has(copy.registers[16]));
    // Where there are few arguments and little environment, the stack ends sooner.
    EXPECT_GE(copy.pieces, 1u);
    EXPECT_LE(copy.pieces, 3u);
    EXPECT_EQ(copy.unreadable, copy.pieces < 3);
    std::uint64_t address = copy.registers[7] & ~std::uint64_t{model::kStackPiece - 1};
    std::size_t words = 0, returns_to_middle = 0;
    for (const auto& [at, piece] : pieces[copy.id]) {
      EXPECT_EQ(at, address);
      address += model::kStackPiece;
      for (std::size_t i = 0; i < piece.bytes.size(); i += 8, ++words) {
        std::uint64_t word = 0;
        std::memcpy(&word, piece.bytes.data() + i, sizeof word);
        if (at + i >= copy.registers[7])
          returns_to_middle += stacks.functions.at("middle").has(word);
      }
    }
    EXPECT_EQ(words, copy.pieces * model::kStackPiece / 8);
    EXPECT_EQ(returns_to_middle, 1u);
  }
  EXPECT_EQ(seen, blocked_switches(recorded, stacks));
  EXPECT_GE(seen, kSleeps / 2);
}

// A stack pointer that points nowhere is the program's business.
TEST(Stack, AStackThatCannotBeReadIsCopiedAsItsRegisters) {
  constexpr std::size_t kSleeps = 20;
  Recorded recorded;
  record_scenario("lost_stack", kSleeps, &recorded,
                  with_stacks({.off_cpu = true, .copied_bytes = 8192}));
  if (HasFatalFailure() || IsSkipped()) return;
  const Stacks stacks(recorded);
  std::size_t seen = 0;
  for (const auto& [event, copy] : recorded.all<model::StackCopy>()) {
    if (!stacks.marked(event) || copy.registers[7] > 0x20000000000) continue;
    ++seen;
    EXPECT_TRUE(copy.unreadable);
    EXPECT_EQ(copy.pieces, 0u);
    EXPECT_TRUE(stacks.functions.at("inner").has(copy.registers[16]));
  }
  EXPECT_EQ(seen, blocked_switches(recorded, stacks));
  EXPECT_GE(seen, kSleeps / 2);
  const analyze::Summary summary = recorded.summary();
  EXPECT_EQ(summary.totals.faults.unresolved, 0u);
}

TEST(Stack, KernelFramesBeginWithTheSchedulers) {
  Recorded recorded;
  record_scenario("blocked_chain", 20, &recorded, with_stacks({.off_cpu = true, .kernel = true}));
  if (HasFatalFailure() || IsSkipped()) return;
  expect_all_there(recorded);
  const Stacks stacks(recorded);
  std::size_t seen = 0;
  for (const auto& [event, of] : recorded.all<model::StackOf>()) {
    if (!stacks.marked(event)) continue;
    ++seen;
    ASSERT_TRUE(stacks.told.count(of.kernel));
    const model::Stack& kernel = stacks.told.at(of.kernel);
    EXPECT_TRUE(kernel.kernel);
    EXPECT_GE(kernel.frames, 5u);
    for (std::size_t i = 0; i < kernel.frames; ++i) {
      EXPECT_LT(static_cast<std::int64_t>(kernel.frame[i]), 0);
    }
    EXPECT_TRUE(stacks.begins(of.user, {"inner", "middle", "outer"}));
  }
  EXPECT_EQ(seen, 20u);
}

TEST(Stack, SamplesOfWhatRuns) {
  constexpr std::size_t kMilliseconds = 500;
  RecordOptions options = with_stacks({.on_cpu = true});
  options.sample_period_ns = 1'000'000;
  Recorded recorded;
  record_scenario("busy_chain", kMilliseconds, &recorded, options);
  if (HasFatalFailure() || IsSkipped()) return;
  expect_all_there(recorded);
  const Stacks stacks(recorded);
  std::size_t samples = 0;
  std::size_t in_chain = 0;
  for (const auto& [event, sample] : recorded.all<model::Sample>()) {
    if (!stacks.marked(event)) continue;
    ++samples;
    EXPECT_EQ(sample.period_ns, 1'000'000u);
    EXPECT_EQ(sample.kernel != model::kNoStack, sample.in_kernel);
    in_chain += stacks.begins(sample.user, {"spin", "middle", "outer"});
  }
  // Beside others who want the CPU, it runs for a part of the time only.
  EXPECT_GE(samples, kMilliseconds / 20);
  EXPECT_LE(samples, kMilliseconds + 20);
  // The rest asks for the time: in the vDSO.
  EXPECT_GE(in_chain, samples * 9 / 10);
}

// Where a stack ends there may be nothing to read: that is no fault of the program's.
TEST(Stack, TakingThemAddsNoFaultAndChangesNone) {
  constexpr std::size_t kPagesCopied = 1000;
  Recorded recorded;
  record_scenario("cow", kPagesCopied, &recorded,
                  with_stacks({.off_cpu = true, .wakeup = true, .fault = true, .fork = true}));
  if (HasFatalFailure() || IsSkipped()) return;
  expect_all_there(recorded);
  const analyze::Summary summary = recorded.summary();
  EXPECT_EQ(summary.totals.faults.unresolved, 0u);
  EXPECT_EQ(summary.audit.faults_recorded, *summary.audit.faults_counted);
  EXPECT_GE(summary.totals.cow.copies, kPagesCopied);
  std::size_t with_stack = 0, faults = 0;
  for (std::size_t i = 0; i < recorded.events.size(); ++i) {
    const auto* fault = std::get_if<model::Fault>(&recorded.events[i].payload);
    if (fault == nullptr || fault->kernel_taken) continue;
    ++faults;
    EXPECT_NE(fault->address, 0u);
    const auto of = stacks_before(recorded, i);
    with_stack += of && of->what == model::StackWhat::kFault;
  }
  EXPECT_EQ(with_stack, faults);
}

TEST(Stack, WhatFindsNoRoomIsCounted) {
  RecordOptions options = with_stacks({.off_cpu = true, .kernel = true});
  options.buffer_bytes = 64 << 10;
  options.drain = false;
  Recorded recorded;
  record_scenario("blocked_chain", 1500, &recorded, options);
  if (HasFatalFailure() || IsSkipped()) return;
  const model::StackCounters& counters = recorded.ending.counters.stacks;
  std::uint64_t numbers = 0;
  for (const auto& [event, of] : recorded.all<model::StackOf>()) {
    numbers += (of.user != model::kNoStack) + (of.kernel != model::kNoStack);
  }
  EXPECT_GT(counters.lost, 100u);
  EXPECT_EQ(counters.taken, numbers + counters.unreadable + counters.lost);
}

// Copies fill a ring quickly: they are lost before anything else is.
TEST(Stack, CopiesLeaveRoomForEvents) {
  constexpr std::size_t kSleeps = 800;
  RecordOptions options = with_stacks({.off_cpu = true, .copied_bytes = 8192});
  options.buffer_bytes = 2 << 20;
  options.drain = false;
  Recorded recorded;
  record_scenario("blocked_chain", kSleeps, &recorded, options);
  if (HasFatalFailure() || IsSkipped()) return;
  const model::StackCounters& counters = recorded.ending.counters.stacks;
  EXPECT_GT(counters.copied, 20u);
  EXPECT_GT(counters.lost, 20u);
  EXPECT_EQ(counters.taken, counters.copied + counters.lost);
  EXPECT_EQ(counters.copied, recorded.all<model::StackCopy>().size());
  for (const std::uint64_t lost : recorded.ending.counters.lost) EXPECT_EQ(lost, 0u);
  const Stacks stacks(recorded);
  const std::size_t blocked = blocked_switches(recorded, stacks);
  EXPECT_LE(blocked, kSleeps);
  EXPECT_GE(blocked, kSleeps / 2);
}

}  // namespace
}  // namespace triptych::test
