// SPDX-License-Identifier: Apache-2.0
#include "record/drain_pacer.hpp"

#include <gtest/gtest.h>

namespace triptych::record {
namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kMiB = 1 << 20;

TEST(DrainPacer, SleepsLongestWhenNothingHappens) {
  DrainPacer pacer(2, 64 * kMiB);
  EXPECT_EQ(pacer.next_sleep_ns(10 * kMs), 100 * kMs);
}

TEST(DrainPacer, SleepsShorterOnSmallRingsBecauseABurstMayBegin) {
  // 1 MiB a ring: half of it holds 4.37 ms of a burst at 120,000 bytes a ms.
  EXPECT_EQ(DrainPacer(64, 64 * kMiB).next_sleep_ns(10 * kMs), 4 * kMs);
  EXPECT_EQ(DrainPacer(64, 64 * 1024).next_sleep_ns(10 * kMs), 1 * kMs);
}

TEST(DrainPacer, AimsAtAnEighthOfTheFullestRing) {
  DrainPacer pacer(2, 64 * kMiB);  // 32 MiB a ring: an eighth is 4 MiB
  pacer.add(0, 1000);
  pacer.add(1, kMiB);
  EXPECT_EQ(pacer.next_sleep_ns(10 * kMs), 40 * kMs);  // 1 MiB in 10 ms
}

TEST(DrainPacer, ForgetsWhatItHasAnswered) {
  DrainPacer pacer(1, 32 * kMiB);
  pacer.add(0, 4 * kMiB);
  EXPECT_EQ(pacer.next_sleep_ns(10 * kMs), 10 * kMs);
  EXPECT_EQ(pacer.next_sleep_ns(10 * kMs), 100 * kMs);
}

TEST(DrainPacer, StaysWithinItsBounds) {
  DrainPacer pacer(1, 32 * kMiB);
  pacer.add(0, 32 * kMiB);
  EXPECT_EQ(pacer.next_sleep_ns(1), DrainPacer::kShortestNs);
  pacer.add(0, 1);
  EXPECT_EQ(pacer.next_sleep_ns(3'600'000 * kMs), DrainPacer::kLongestNs);
}

}  // namespace
}  // namespace triptych::record
