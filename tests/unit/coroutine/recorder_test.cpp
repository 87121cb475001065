// SPDX-License-Identifier: Apache-2.0
//
// What the recorder writes into its memory: exactly what happened, by the thread that it happened
// on.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "recorder_memory.hpp"

namespace triptych::coroutine_testing {
namespace {

const int kCode = 0;  // its address stands for a function

class Recorder : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(triptych_coro_available(), 1);
    function_ = triptych_coro_function(&kCode, "worker", 17);
    ASSERT_NE(function_, 0u);
    before_ = totals(function_);
  }
  // On a thread of its own: a new slot's story, from its first event.
  template <class Body>
  std::vector<Seen> record(Body&& body) {
    std::vector<Seen> events;
    std::thread thread([&] {
      const Armed armed;
      body();
      const std::uint32_t own = slot_of(static_cast<std::uint32_t>(::gettid()));
      if (own < TRIPTYCH_CORO_SLOTS) events = events_since(own, slot(own).claim_head);
    });
    thread.join();
    return events;
  }
  std::uint32_t function_ = 0;
  triptych_coro_totals before_{};
};

TEST_F(Recorder, WritesNothingWhileNobodyRecords) {
  std::vector<Seen> events;
  std::thread([&] {
    triptych_coro_create(1, function_);
    triptych_coro_resume(1, function_);
    triptych_coro_finish(1, function_);
    EXPECT_EQ(slot_of(static_cast<std::uint32_t>(::gettid())), TRIPTYCH_CORO_SLOTS);
  }).join();
  EXPECT_EQ(totals(function_).resumed, before_.resumed);
}

TEST_F(Recorder, ReadsTheKernelsClockWhereItIsToldTo) {
  const std::uint32_t own = std::exchange(header().clock, TRIPTYCH_CORO_CLOCK_MONOTONIC);
  const std::uint64_t before = monotonic_ns();
  const std::vector<Seen> events = record([&] { triptych_coro_resume(1, function_); });
  const std::uint64_t after = monotonic_ns();
  header().clock = own;
  ASSERT_EQ(events.size(), 2u);
  for (const Seen& event : events) {
    EXPECT_GE(event.stamp, before);
    EXPECT_LE(event.stamp, after);
  }
}

TEST_F(Recorder, WritesEachEventInItsOrder) {
  const std::vector<Seen> events = record([&] {
    triptych_coro_create(0x1000, function_);
    triptych_coro_resume(0x1000, function_);
    triptych_coro_suspend(0x1000, function_);
    triptych_coro_await(0x1000, function_, 0x2000);
    triptych_coro_resume(0x1000, function_);
    triptych_coro_finish(0x1000, function_);
    triptych_coro_destroy(0x1000, function_);
  });
  ASSERT_EQ(events.size(), 8u);
  EXPECT_EQ(events[0].kind, static_cast<std::uint32_t>(TRIPTYCH_CORO_THREAD));
  const std::uint32_t kinds[] = {
      TRIPTYCH_CORO_CREATED, TRIPTYCH_CORO_RESUMED,  TRIPTYCH_CORO_SUSPENDED, TRIPTYCH_CORO_AWAITS,
      TRIPTYCH_CORO_RESUMED, TRIPTYCH_CORO_FINISHED, TRIPTYCH_CORO_DESTROYED};
  std::uint64_t last = events[0].stamp;
  for (std::size_t i = 0; i < 7; ++i) {
    const Seen& event = events[i + 1];
    EXPECT_EQ(event.kind, kinds[i]);
    EXPECT_EQ(event.id, 0x1000u);
    EXPECT_EQ(event.function, function_);
    if (event.kind == TRIPTYCH_CORO_AWAITS) {
      EXPECT_EQ(event.stamp, 0x2000u);
    } else {
      EXPECT_GE(event.stamp, last);
      last = event.stamp;
    }
  }
  EXPECT_EQ(totals(function_).created - before_.created, 1u);
  EXPECT_EQ(totals(function_).resumed - before_.resumed, 2u);
  EXPECT_EQ(totals(function_).suspended - before_.suspended, 1u);
  EXPECT_EQ(totals(function_).finished - before_.finished, 1u);
  EXPECT_EQ(totals(function_).destroyed - before_.destroyed, 1u);
}

TEST_F(Recorder, OneReadingOfTheClockServesATransfer) {
  const std::vector<Seen> events = record([&] {
    triptych_coro_resume(1, function_);
    triptych_coro_transfer(1, function_, 2, function_);
    triptych_coro_suspend(2, function_);
    triptych_coro_gives_way(2, 3);
    triptych_coro_resume(3, function_);
    triptych_coro_suspend(3, function_);
    triptych_coro_gives_way(3, 4);
    triptych_coro_resume(5, function_);
  });
  ASSERT_EQ(events.size(), 8u);
  EXPECT_EQ(events[2].stamp, events[3].stamp);
  EXPECT_EQ(events[4].stamp, events[5].stamp);
  EXPECT_LT(events[6].stamp, events[7].stamp) << "it went elsewhere";
}

TEST_F(Recorder, AStampThatIsTooOldDoesNotServe) {
  const std::vector<Seen> events = record([&] {
    triptych_coro_resume(1, function_);
    triptych_coro_suspend(1, function_);
    triptych_coro_create(9, function_);
    triptych_coro_gives_way(1, 2);
    triptych_coro_resume(2, function_);
  });
  ASSERT_EQ(events.size(), 5u);
  EXPECT_LT(events[3].stamp, events[4].stamp);
}

TEST_F(Recorder, ChargesTheOneOnTop) {
  const int inner_code = 0;
  const std::uint32_t inner = triptych_coro_function(&inner_code, "inner", 0);
  const triptych_coro_totals inner_before = totals(inner);
  const std::vector<Seen> events = record([&] {
    triptych_coro_resume(1, function_);
    triptych_coro_resume(2, inner);
    triptych_coro_suspend(2, inner);
    triptych_coro_suspend(1, function_);
  });
  ASSERT_EQ(events.size(), 5u);
  const auto stamp = [&](std::size_t i) { return events[i].stamp; };
  EXPECT_EQ(totals(inner).mounted - inner_before.mounted, stamp(3) - stamp(2));
  EXPECT_EQ(totals(function_).mounted - before_.mounted,
            (stamp(2) - stamp(1)) + (stamp(4) - stamp(3)));
}

TEST_F(Recorder, WhatAnExceptionLeavesIsNoLongerMounted) {
  const int thrower_code = 0;
  const std::uint32_t thrower = triptych_coro_function(&thrower_code, "thrower", 0);
  const triptych_coro_totals thrower_before = totals(thrower);
  const std::vector<Seen> events = record([&] {
    triptych_coro_resume(1, function_);
    triptych_coro_resume(2, thrower);
    triptych_coro_destroy(2, thrower);
    triptych_coro_resume(3, thrower);  // nobody says that it ends
    triptych_coro_suspend(1, function_);
    triptych_coro_resume(1, function_);
    triptych_coro_suspend(1, function_);
  });
  ASSERT_EQ(events.size(), 8u);
  const auto stamp = [&](std::size_t i) { return events[i].stamp; };
  EXPECT_EQ(totals(thrower).mounted - thrower_before.mounted,
            (stamp(3) - stamp(2)) + (stamp(5) - stamp(4)));
  EXPECT_EQ(totals(function_).mounted - before_.mounted,
            (stamp(2) - stamp(1)) + (stamp(4) - stamp(3)) + (stamp(7) - stamp(6)));
}

TEST_F(Recorder, DeeperThanItsStackItStillCounts) {
  constexpr std::uint64_t kDepth = TRIPTYCH_CORO_DEPTH + 40;
  const std::vector<Seen> events = record([&] {
    for (std::uint64_t id = 1; id <= kDepth; ++id) triptych_coro_resume(id, function_);
    for (std::uint64_t id = kDepth; id >= 1; --id) triptych_coro_suspend(id, function_);
  });
  ASSERT_EQ(events.size(), 1 + 2 * kDepth);
  EXPECT_EQ(totals(function_).resumed - before_.resumed, kDepth);
  EXPECT_EQ(totals(function_).mounted - before_.mounted, events.back().stamp - events[1].stamp);
}

TEST_F(Recorder, TotalsOutliveTheRing) {
  const std::uint64_t rounds = ring_events();
  std::uint64_t head = 0;
  std::thread([&] {
    const Armed armed;
    triptych_coro_resume(1, function_);
    const std::uint32_t own = slot_of(static_cast<std::uint32_t>(::gettid()));
    const std::uint64_t before = slot(own).head;
    for (std::uint64_t i = 0; i < rounds; ++i) triptych_coro_transfer(1, function_, 1, function_);
    head = slot(own).head - before;
    EXPECT_EQ(event_at(own, slot(own).head - 1).kind,
              static_cast<std::uint32_t>(TRIPTYCH_CORO_RESUMED));
  }).join();
  EXPECT_EQ(head, 2 * rounds);
  EXPECT_EQ(totals(function_).suspended - before_.suspended, rounds);
}

TEST_F(Recorder, EachThreadHasASlotAndGivesItBack) {
  constexpr int kThreads = 8;
  constexpr std::uint64_t kRounds = 10'000;
  const Armed armed;
  std::vector<std::uint32_t> tids(kThreads);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      tids[i] = static_cast<std::uint32_t>(::gettid());
      for (std::uint64_t round = 0; round < kRounds; ++round) {
        triptych_coro_resume(static_cast<std::uint64_t>(i) + 1, function_);
        triptych_coro_suspend(static_cast<std::uint64_t>(i) + 1, function_);
      }
      EXPECT_LT(slot_of(tids[i]), TRIPTYCH_CORO_SLOTS);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::uint32_t tid : tids) EXPECT_EQ(slot_of(tid), TRIPTYCH_CORO_SLOTS);
  EXPECT_EQ(totals(function_).resumed - before_.resumed, kThreads * kRounds);
  EXPECT_EQ(header().no_slot_events, 0u);
}

TEST_F(Recorder, ThreadsWithoutASlotAreCounted) {
  std::vector<std::uint32_t> taken;
  for (std::uint32_t index = 0; index < TRIPTYCH_CORO_SLOTS; ++index) {
    if (slot(index).state == 0) taken.push_back(index);
  }
  for (const std::uint32_t index : taken) slot(index).state = 1;
  const std::uint64_t counted = header().no_slot_events;
  record([&] {
    triptych_coro_create(1, function_);
    triptych_coro_transfer(1, function_, 2, function_);
  });
  for (const std::uint32_t index : taken) slot(index).state = 0;
  EXPECT_EQ(header().no_slot_events - counted, 3u);
  header().no_slot_events = 0;
}

TEST_F(Recorder, NamesAFunctionOnce) {
  EXPECT_EQ(triptych_coro_function(&kCode, "another name", 3), function_);
  EXPECT_STREQ(function(function_).name, "worker");
  EXPECT_EQ(function(function_).line, 17u);
  EXPECT_EQ(function(function_).address, reinterpret_cast<std::uintptr_t>(&kCode));
  EXPECT_EQ(triptych_coro_function(nullptr, "nothing", 0), 0u);
  const int long_code = 0;
  const std::uint32_t cut = triptych_coro_function(&long_code, std::string(300, 'x').c_str(), 0);
  EXPECT_EQ(std::string(function(cut).name), std::string(TRIPTYCH_CORO_NAME_BYTES - 1, 'x'));
}

// Whoever recorded was killed.
TEST_F(Recorder, DisarmsItselfWhenNobodyAnswersForItAnyMore) {
  const std::vector<Seen> events = record([&] {
    triptych_coro_resume(1, function_);
    triptych_coro_suspend(1, function_);
    header().armed_until = slot(slot_of(static_cast<std::uint32_t>(::gettid()))).last_stamp;
    triptych_coro_resume(1, function_);
    EXPECT_EQ(header().armed, 0u);
    triptych_coro_suspend(1, function_);
  });
  ASSERT_EQ(events.size(), 4u) << "its thread, two events, and the one that came too late";
  EXPECT_EQ(events.back().kind, static_cast<std::uint32_t>(TRIPTYCH_CORO_RESUMED));
}

TEST_F(Recorder, StaysArmedAsLongAsSomebodyAnswers) {
  record([&] {
    header().armed_until = __builtin_ia32_rdtsc() + triptych_coro_lease(header().clock);
    const std::uint32_t armed = header().armed;
    triptych_coro_resume(1, function_);
    triptych_coro_suspend(1, function_);
    EXPECT_EQ(header().armed, armed);
  });
}

}  // namespace
}  // namespace triptych::coroutine_testing
