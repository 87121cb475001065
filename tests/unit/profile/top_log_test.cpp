// SPDX-License-Identifier: Apache-2.0
#include "profile/top_log.hpp"

#include <gtest/gtest.h>

#include <map>

namespace triptych::profile {
namespace {

Top none() {
  return {};
}

Top function(std::uint32_t number) {
  Top top;
  top.any = true;
  top.function = number;
  return top;
}

Top unknown() {
  Top top;
  top.known = false;
  return top;
}

using Parts = std::map<Top, std::uint64_t>;

Parts take(TopLog& log, model::TimeNs from_ns, model::TimeNs to_ns) {
  Parts parts;
  log.take(from_ns, to_ns, [&](const Top& top, std::uint64_t ns) { parts[top] += ns; });
  return parts;
}

TEST(TopLog, SplitsATime) {
  TopLog log(100);
  log.change(120, function(1));
  log.change(150, none());
  log.change(160, function(2));
  EXPECT_EQ(take(log, 100, 130), (Parts{{none(), 20}, {function(1), 10}}));
  EXPECT_EQ(take(log, 130, 155), (Parts{{function(1), 20}, {none(), 5}}));
  EXPECT_EQ(take(log, 155, 1000), (Parts{{none(), 5}, {function(2), 840}}));
  EXPECT_EQ(log.now(), function(2));
}

// What was forgotten is not known, whoever asks again.
TEST(TopLog, ForgetsWhatWasTaken) {
  TopLog log(0);
  log.change(100, function(1));
  log.change(200, none());
  EXPECT_EQ(take(log, 0, 250), (Parts{{none(), 150}, {function(1), 100}}));
  EXPECT_EQ(take(log, 100, 220), (Parts{{unknown(), 100}, {none(), 20}}));
}

TEST(TopLog, ReplacesWhatLastedNoTime) {
  TopLog log(0);
  log.change(10, function(1));
  log.change(10, function(2));
  log.change(5, function(3));  // time does not go back
  EXPECT_EQ(take(log, 0, 20), (Parts{{none(), 10}, {function(3), 10}}));
}

constexpr std::uint64_t kMany = 100'000;

// One nanosecond of nobody, then one of each of two functions, again and again.
void fill(TopLog& log) {
  for (std::uint64_t i = 0; i < kMany; ++i) {
    log.change(3 * i + 1, function(1));
    log.change(3 * i + 2, function(2));
    log.change(3 * i + 3, none());
  }
}

TEST(TopLog, RemembersManyBySums) {
  TopLog log(0);
  fill(log);
  EXPECT_EQ(take(log, 0, 3 * kMany),
            (Parts{{none(), kMany}, {function(1), kMany}, {function(2), kMany}}));
  // Behind them it is as before.
  log.change(3 * kMany + 10, function(1));
  EXPECT_EQ(take(log, 3 * kMany, 3 * kMany + 20), (Parts{{none(), 10}, {function(1), 10}}));
}

TEST(TopLog, DoesNotGuessPartsOfSums) {
  TopLog log(0);
  fill(log);
  const Parts first = take(log, 0, 1000);
  EXPECT_EQ(first, (Parts{{unknown(), 1000}}));
  // Of the rest, what was not summed up is known, and nothing is missing.
  std::uint64_t total = 0;
  for (const auto& [top, ns] : take(log, 1000, 3 * kMany)) total += ns;
  EXPECT_EQ(total, 3 * kMany - 1000);
}

// The sums begin where the thread's state does, not before.
TEST(TopLog, SumsUpFromWhatWasTaken) {
  TopLog log(0);
  EXPECT_EQ(take(log, 0, 500), (Parts{{none(), 500}}));
  for (std::uint64_t i = 0; i < kMany; ++i) log.change(1000 + i, function(1 + i % 2));
  EXPECT_EQ(take(log, 500, 1000 + kMany),
            (Parts{{none(), 500}, {function(1), kMany / 2}, {function(2), kMany / 2}}));
}

}  // namespace
}  // namespace triptych::profile
