// SPDX-License-Identifier: Apache-2.0
//
// The reading end against memories that this test makes itself: exact with an honest writer, and
// unhurt by any other.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <vector>

#include "abi/events.h"
#include "coroutine/ring/arming.hpp"
#include "coroutine/ring/drain.hpp"
#include "coroutine/ring/memory.hpp"
#include "coroutine/ring/slot_reader.hpp"
#include "decode/decode.hpp"
#include "support/recorder_memory.hpp"

namespace triptych::coroutine::ring {
namespace {

using Fake = test::RecorderMemory;
constexpr std::uint64_t kRingBytes = Fake::kRingBytes;
constexpr std::uint64_t kEvents = Fake::kEvents;
constexpr int kSeals = Fake::kSeals;
constexpr model::Tid kProcess = Fake::kTid;

class DrainTest : public testing::Test {
 protected:
  void add(Fake& fake) {
    const auto added = drain_.add(fake.fd(), kProcess, true);
    ASSERT_TRUE(added.has_value()) << added.error().message;
    triptych_task_seen seen{};
    seen.hdr.task = 2;
    seen.hdr.kind = TRIPTYCH_EV_TASK_SEEN;
    seen.hdr.size8 = sizeof seen / 8;
    seen.tid = seen.tgid = seen.ns_tid = kProcess;
    seen.how = TRIPTYCH_SEEN_LAUNCHED;
    drain_.on_record(std::as_bytes(std::span(&seen, 1)));
  }
  // What was written by now: what one cycle sees, the next one hands out.
  std::vector<model::Event> cycle() {
    std::vector<model::Event> events;
    hand_out(events);
    hand_out(events);
    return events;
  }
  void hand_out(std::vector<model::Event>& events) {
    drain_.begin();
    drain_.meet_threads();
    const auto written = drain_.write([&events](std::span<const std::byte> record) -> Result<void> {
      model::Event event;
      EXPECT_EQ(decode::decode(record, event), decode::Status::kOk);
      EXPECT_GE(event.ts_ns, events.empty() ? 0 : events.back().ts_ns);
      events.push_back(event);
      return {};
    });
    EXPECT_TRUE(written.has_value());
  }
  template <class Payload>
  static std::vector<Payload> of(const std::vector<model::Event>& events) {
    std::vector<Payload> found;
    for (const model::Event& event : events) {
      if (const auto* payload = std::get_if<Payload>(&event.payload)) found.push_back(*payload);
    }
    return found;
  }
  Drain drain_;
};

TEST(Memory, IsRefusedUnlessItIsWhatItShouldBe) {
  EXPECT_TRUE(Memory::open(Fake().fd()).has_value());
  EXPECT_FALSE(Memory::open(Fake(0).fd()).has_value()) << "it could be cut off";
  EXPECT_FALSE(Memory::open(Fake(F_SEAL_SHRINK | F_SEAL_SEAL).fd()).has_value());
  EXPECT_FALSE(Memory::open(Fake(kSeals | F_SEAL_FUTURE_WRITE).fd()).has_value());
  EXPECT_FALSE(Memory::open(Fake(kSeals, 4096).fd()).has_value());
  EXPECT_FALSE(
      Memory::open(Fake(kSeals, triptych_coro_total_bytes(kRingBytes) + 4096).fd()).has_value());
  EXPECT_FALSE(Memory::open(UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC))).has_value());
  Fake other;
  other.header().version = TRIPTYCH_CORO_VERSION + 1;
  EXPECT_FALSE(Memory::open(other.fd()).has_value());
  Fake odd;
  odd.header().ring_bytes = kRingBytes + 16;
  EXPECT_FALSE(Memory::open(odd.fd()).has_value());
}

TEST_F(DrainTest, DeliversWhatWasWritten) {
  Fake fake;
  add(fake);
  fake.write(0, TRIPTYCH_CORO_THREAD, kProcess);
  for (std::uint64_t id = 1; id <= 100; ++id) fake.write(0, TRIPTYCH_CORO_RESUMED, id);
  const auto events = of<model::Coroutine>(cycle());
  ASSERT_EQ(events.size(), 100u);
  for (std::uint64_t id = 1; id <= 100; ++id) EXPECT_EQ(events[id - 1].id, id);
  EXPECT_TRUE(cycle().empty()) << "each once";
}

TEST_F(DrainTest, KnowsTheThreadAndTheSpace) {
  Fake fake;
  add(fake);
  fake.write(0, TRIPTYCH_CORO_THREAD, kProcess);
  fake.write(0, TRIPTYCH_CORO_CREATED, 1);
  const std::vector<model::Event> events = cycle();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<model::CoroutineSpaceNew>(events[0].payload).tgid, kProcess);
  EXPECT_EQ(events[1].task, model::TaskId{2});
}

TEST_F(DrainTest, AMemoryThatComesAfterItsThreadsEndFindsThem) {
  Fake fake;
  triptych_task_new created{};
  created.hdr.ts_ns = read_anchor().ns;
  created.hdr.task = 3;
  created.hdr.kind = TRIPTYCH_EV_TASK_NEW;
  created.hdr.size8 = sizeof created / 8;
  created.tgid = kProcess;
  created.tid = created.ns_tid = kProcess + 1;
  created.clone_flags = CLONE_VM | CLONE_THREAD;
  fake.write(0, TRIPTYCH_CORO_THREAD, kProcess + 1);
  fake.write(0, TRIPTYCH_CORO_RESUMED, 1);
  triptych_task_end ended{};
  ended.hdr.ts_ns = read_anchor().ns;
  ended.hdr.task = 3;
  ended.hdr.kind = TRIPTYCH_EV_TASK_END;
  ended.hdr.size8 = sizeof ended / 8;
  drain_.begin();
  add(fake);
  drain_.on_record(std::as_bytes(std::span(&created, 1)));
  drain_.on_record(std::as_bytes(std::span(&ended, 1)));
  drain_.meet_threads();
  ASSERT_TRUE(drain_.write([](std::span<const std::byte>) { return Result<void>(); }).has_value());
  const std::vector<model::Event> events = cycle();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().task, model::TaskId{3});
  cycle();
  EXPECT_TRUE(drain_.threads().has_ended(model::TaskId{3}));
  EXPECT_EQ(drain_.threads().process(kProcess)->threads.size(), 1u) << "and then it is forgotten";
}

TEST_F(DrainTest, NobodyCanSpeakForAnothersThread) {
  Fake fake;
  add(fake);
  triptych_task_seen victim{};
  victim.hdr.task = 9;
  victim.hdr.kind = TRIPTYCH_EV_TASK_SEEN;
  victim.hdr.size8 = sizeof victim / 8;
  victim.tid = victim.tgid = victim.ns_tid = 1234;
  victim.how = TRIPTYCH_SEEN_LAUNCHED;
  drain_.on_record(std::as_bytes(std::span(&victim, 1)));
  fake.write(0, TRIPTYCH_CORO_THREAD, 1234);
  fake.write(0, TRIPTYCH_CORO_RESUMED, 1);
  for (const model::Event& event : cycle()) EXPECT_NE(event.task, model::TaskId{9});
}

TEST_F(DrainTest, CountsWhatWasOverwritten) {
  Fake fake;
  add(fake);
  for (std::uint64_t id = 1; id <= 3 * kEvents; ++id) fake.write(0, TRIPTYCH_CORO_RESUMED, id);
  const std::vector<model::Event> events = cycle();
  const auto lost = of<model::CoroutineLost>(events);
  const auto kept = of<model::Coroutine>(events);
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].count + kept.size(), 3 * kEvents);
  EXPECT_EQ(kept.front().id, lost[0].count + 1);
  EXPECT_EQ(kept.back().id, 3 * kEvents);
}

TEST_F(DrainTest, TimesAreBetweenTheDrains) {
  Fake fake;
  add(fake);
  cycle();
  const Anchor before = read_anchor();
  fake.write(0, TRIPTYCH_CORO_RESUMED, 1, 0);        // long ago
  fake.write(0, TRIPTYCH_CORO_SUSPENDED, 1, ~0ull);  // in the far future
  fake.write(0, TRIPTYCH_CORO_RESUMED, 2);           // now
  const std::vector<model::Event> events = cycle();
  const auto coroutines = of<model::Coroutine>(events);
  ASSERT_EQ(coroutines.size(), 3u);
  EXPECT_TRUE(coroutines[0].clamped);
  EXPECT_TRUE(coroutines[1].clamped);
  const Anchor after = read_anchor();
  for (const model::Event& event : events) {
    EXPECT_LE(event.ts_ns, after.ns);
    EXPECT_GE(event.ts_ns + 100'000'000, before.ns);
  }
}

TEST_F(DrainTest, StampsOfTheKernelsClockAreTakenAsTheyAre) {
  Fake fake;
  fake.header().clock = TRIPTYCH_CORO_CLOCK_MONOTONIC;
  add(fake);
  cycle();
  fake.write(0, TRIPTYCH_CORO_THREAD, kProcess, read_anchor().ns);
  const model::TimeNs resumed_ns = read_anchor().ns, suspended_ns = resumed_ns + 1;
  fake.write(0, TRIPTYCH_CORO_RESUMED, 1, resumed_ns);
  fake.write(0, TRIPTYCH_CORO_SUSPENDED, 1, suspended_ns);
  const std::vector<model::Event> events = cycle();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(std::get<model::CoroutineSpaceNew>(events[0].payload).clock,
            model::CoroutineClock::kMonotonic);
  EXPECT_EQ(events[1].ts_ns, resumed_ns);
  EXPECT_EQ(events[2].ts_ns, suspended_ns);
  EXPECT_FALSE(std::get<model::Coroutine>(events[1].payload).clamped);
}

TEST_F(DrainTest, AWriterThatStandsStillInTheMiddleHoldsNobodyUp) {
  Fake fake;
  fake.header().slots_used = 2;
  fake.slot(1).state = 1;
  add(fake);
  // Slot 0 has written its event, but not yet said so.
  const triptych_coro_event event{__builtin_ia32_rdtsc(), 1};
  std::memcpy(fake.data() + triptych_coro_rings_offset(), &event, sizeof event);
  fake.write(1, TRIPTYCH_CORO_RESUMED, 2);
  EXPECT_EQ(of<model::Coroutine>(cycle()).size(), 1u);
  fake.write(0, TRIPTYCH_CORO_RESUMED, 3);
  EXPECT_EQ(of<model::Coroutine>(cycle()).size(), 1u);
}

TEST_F(DrainTest, AHeadThatCannotBeEndsThatRing) {
  Fake fake;
  add(fake);
  fake.write(0, TRIPTYCH_CORO_RESUMED, 1);
  EXPECT_EQ(of<model::Coroutine>(cycle()).size(), 1u);
  fake.slot(0).head = ~0ull - 5;
  const auto lost = of<model::CoroutineLost>(cycle());
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].reason, model::CoroutineLoss::kDamage);
  fake.slot(0).head = 1;
  EXPECT_TRUE(cycle().empty());
}

TEST_F(DrainTest, NonsenseEverywhereIsBorne) {
  std::mt19937_64 random(42);
  for (int round = 0; round < 30; ++round) {
    Fake fake;
    add(fake);
    for (int cycles = 0; cycles < 3; ++cycles) {
      // Whole pages would be found out at once: single words hit what matters more often.
      for (int i = 0; i < 2000; ++i) {
        const std::uint64_t value = random() >> random() % 64;
        const std::uint64_t offset = random() % (triptych_coro_rings_offset() / 8) * 8;
        std::memcpy(fake.data() + offset, &value, sizeof value);
      }
      for (std::uint32_t slot = 0; slot < 4; ++slot) {
        fake.slot(slot).head = random() % 10'000;
        fake.write(slot, random() % 16, random() & TRIPTYCH_CORO_ID_MASK, random());
      }
      fake.header().slots_used = static_cast<std::uint32_t>(random());
      cycle();
    }
  }
}

class ArmingTest : public testing::Test {
 protected:
  ArmingTest() : memory_(Memory::open(fake_.fd()).value()) {}
  // As the program does when its memory is armed and it has an event then.
  void event_at(std::uint64_t stamp) {
    if (stamp > fake_.header().armed_until) fake_.header().armed = 0;
  }
  static Anchor at(std::uint64_t moment) { return {moment, moment}; }
  Fake fake_;
  Memory memory_;
  const std::uint64_t lease_ = triptych_coro_lease(TRIPTYCH_CORO_CLOCK_TSC);
};

TEST_F(ArmingTest, IsAnsweredForAsLongAsItIsKept) {
  Arming arming;
  ASSERT_TRUE(arming.begin(memory_, at(1000)).has_value());
  const std::uint32_t number = memory_.armed();
  EXPECT_NE(number, 0u);
  EXPECT_EQ(memory_.armed_until(), 1000 + lease_);
  // Not by a system call each time.
  EXPECT_TRUE(arming.keep(memory_, at(1000 + lease_ / 8)));
  EXPECT_EQ(memory_.armed_until(), 1000 + lease_);
  for (std::uint64_t now = 1000; now < 1000 + 4 * lease_; now += lease_ / 3) {
    EXPECT_TRUE(arming.keep(memory_, at(now)));
    event_at(now + lease_ / 2);
    EXPECT_EQ(memory_.armed(), number);
  }
  arming.end(memory_, at(1000 + 4 * lease_));
  EXPECT_EQ(memory_.armed(), 0u);
  // What it wrote until then is still to be read.
  EXPECT_TRUE(arming.keep(memory_, at(1001 + 4 * lease_)));
  EXPECT_EQ(memory_.armed(), 0u);
}

TEST_F(ArmingTest, ThatItWasDisarmedIsToldOnce) {
  Arming arming;
  ASSERT_TRUE(arming.begin(memory_, at(1000)).has_value());
  event_at(1001 + lease_);
  EXPECT_EQ(memory_.armed(), 0u);
  EXPECT_FALSE(arming.keep(memory_, at(1002 + lease_)));
  EXPECT_NE(memory_.armed(), 0u);
  EXPECT_TRUE(arming.keep(memory_, at(1003 + lease_)));
  EXPECT_EQ(memory_.armed_until(), 1002 + 2 * lease_);
}

TEST_F(ArmingTest, AProgramThatArmsItselfIsWaitedFor) {
  Arming arming;
  EXPECT_TRUE(arming.keep(memory_, at(1000)));
  EXPECT_EQ(memory_.armed(), 0u);
  fake_.header().armed = 1;
  EXPECT_TRUE(arming.keep(memory_, at(1000)));
  EXPECT_EQ(memory_.armed(), 1u);
  EXPECT_EQ(memory_.armed_until(), 1000 + lease_);
}

TEST_F(ArmingTest, OfTwoRecordingsTheOneThatEndsLeavesItToTheOther) {
  Arming first, second;
  for (const bool first_ends : {true, false}) {
    first = second = Arming();
    fake_.header().armed = 0;
    ASSERT_TRUE(first.begin(memory_, at(1000)).has_value());
    ASSERT_TRUE(second.begin(memory_, at(2000)).has_value());
    EXPECT_TRUE(first.keep(memory_, at(3000)) && second.keep(memory_, at(3000)));
    Arming& stays = first_ends ? second : first;
    (first_ends ? first : second).end(memory_, at(4000));
    event_at(4001);
    EXPECT_TRUE(stays.keep(memory_, at(5000)));
    EXPECT_EQ(memory_.armed_until(), 5000 + lease_);
    // Whether the other one still is there cannot be known.
    stays.end(memory_, at(6000));
    event_at(6000 + lease_ / TRIPTYCH_CORO_PARTING);
    EXPECT_NE(memory_.armed(), 0u);
    event_at(6001 + lease_ / TRIPTYCH_CORO_PARTING);
    EXPECT_EQ(memory_.armed(), 0u);
  }
}

TEST_F(DrainTest, ThatAProgramStoppedWritingIsToldAsALoss) {
  Fake fake;
  add(fake);
  fake.header().armed = 1;
  EXPECT_TRUE(of<model::CoroutineLost>(cycle()).empty());
  fake.header().armed = 0;
  const auto lost = of<model::CoroutineLost>(cycle());
  ASSERT_EQ(lost.size(), 1u);
  EXPECT_EQ(lost[0].reason, model::CoroutineLoss::kDisarmed);
  EXPECT_LT(lost[0].first_ns, lost[0].last_ns);
  EXPECT_NE(fake.header().armed, 0u);
  EXPECT_TRUE(of<model::CoroutineLost>(cycle()).empty());
}

TEST(Clock, InterpolatesBetweenItsAnchors) {
  Clock clock({1000, 500});
  clock.advance({3000, 1500});
  EXPECT_EQ(clock.ns_of(1000), 500u);
  EXPECT_EQ(clock.ns_of(2000), 1000u);
  EXPECT_EQ(clock.ns_of(3000), 1500u);
  EXPECT_EQ(clock.ns_of(4000), 2000u);
  EXPECT_EQ(clock.ns_of(0), 0u);
  EXPECT_EQ(clock.duration_ns(2000), 1000u);
  EXPECT_EQ(Clock({5, 5}).ns_of(~0ull), 5u) << "no time has passed";
}

}  // namespace
}  // namespace triptych::coroutine::ring
