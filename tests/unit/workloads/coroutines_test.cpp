// SPDX-License-Identifier: Apache-2.0
//
// The schedulers of coroutines, by the order in which they let their coroutines run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "workloads/support/ready_queue.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads {
namespace {

TEST(ReadyQueue, KeepsItsOrderWhileItGrows) {
  ReadyQueue<int> queue;
  int next_in = 0;
  int next_out = 0;
  // The front is in the middle when the slots are full for the first time.
  for (; next_in < 10; ++next_in) queue.push(next_in);
  for (; next_out < 7; ++next_out) EXPECT_EQ(queue.pop(), next_out);
  for (; next_in < 100; ++next_in) queue.push(next_in);
  EXPECT_EQ(queue.size(), 93u);
  for (; next_out < 100; ++next_out) EXPECT_EQ(queue.pop(), next_out);
  EXPECT_TRUE(queue.empty());
}

Stackless spell(StacklessScheduler& scheduler, std::string& text, char letter) {
  for (int i = 0; i < 3; ++i) {
    text += letter;
    co_await scheduler.yield();
  }
}

TEST(Stackless, TakeTurns) {
  StacklessScheduler scheduler;
  std::string text;
  const Stackless a = spell(scheduler, text, 'a');
  const Stackless b = spell(scheduler, text, 'b');
  scheduler.make_ready(a.handle());
  scheduler.make_ready(b.handle());
  scheduler.run();
  EXPECT_EQ(text, "ababab");
  EXPECT_TRUE(scheduler.idle());
  // Each was started and resumed after each of its three yields.
  EXPECT_EQ(scheduler.switches(), 8u);
}

TEST(Stackless, AloneDoNotSwitch) {
  StacklessScheduler scheduler;
  std::string text;
  const Stackless a = spell(scheduler, text, 'a');
  scheduler.make_ready(a.handle());
  scheduler.run();
  EXPECT_EQ(text, "aaa");
  EXPECT_EQ(scheduler.switches(), 1u);
}

TEST(Stackful, TakeTurns) {
  StackfulScheduler scheduler;
  std::string text;
  const auto spelling = [&](char letter) {
    return Stackful::create([&scheduler, &text, letter] {
             for (int i = 0; i < 3; ++i) {
               text += letter;
               scheduler.yield();
             }
           })
        .value();
  };
  const auto a = spelling('a');
  const auto b = spelling('b');
  scheduler.make_ready(a.get());
  scheduler.make_ready(b.get());
  scheduler.run();
  EXPECT_EQ(text, "ababab");
  EXPECT_EQ(scheduler.current(), nullptr);
  // From run() to a, from one to the other at each yield, and to b when a has ended.
  EXPECT_EQ(scheduler.switches(), 8u);
}

TEST(Stackful, ParkUntilTheyAreMadeReady) {
  StackfulScheduler scheduler;
  std::string text;
  const auto unit = Stackful::create([&] {
                      text += '1';
                      scheduler.park();
                      text += '2';
                    }).value();
  scheduler.make_ready(unit.get());
  scheduler.run();
  EXPECT_EQ(text, "1");
  scheduler.make_ready(unit.get());
  scheduler.run();
  EXPECT_EQ(text, "12");
}

using StackfulDeathTest = testing::Test;

TEST(StackfulDeathTest, EndTheProgramWhenTheirStackOverflows) {
  EXPECT_EXIT(
      {
        ::signal(SIGSEGV, SIG_DFL);  // a sanitizer would report it and exit
        StackfulScheduler scheduler;
        const auto unit = Stackful::create([] {
                            volatile char* below = static_cast<char*>(__builtin_frame_address(0));
                            for (std::size_t i = 0; i < 2 * kStackfulStackBytes; i += 64) {
                              below[-static_cast<std::ptrdiff_t>(i)] = 1;
                            }
                          }).value();
        scheduler.make_ready(unit.get());
        scheduler.run();
      },
      testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace triptych::workloads
