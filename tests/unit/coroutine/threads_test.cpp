// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/threads.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <cstdint>
#include <span>

#include "abi/events.h"

namespace triptych::coroutine::ring {
namespace {

constexpr std::uint32_t kServer = 100;
constexpr model::TimeNs kAlways = 1'000'000'000;

class ThreadsTest : public testing::Test {
 protected:
  std::uint32_t create(std::uint32_t tgid, std::uint32_t tid, std::uint32_t parent,
                       std::uint64_t clone_flags) {
    triptych_task_new created{};
    created.hdr.ts_ns = ++now_ns_;
    created.hdr.task = ++serial_;
    created.hdr.kind = TRIPTYCH_EV_TASK_NEW;
    created.hdr.size8 = sizeof created / 8;
    created.tgid = tgid;
    created.tid = created.ns_tid = tid;
    created.parent_task = parent;
    created.clone_flags = clone_flags;
    tell(created);
    return serial_;
  }
  std::uint32_t fork(std::uint32_t tgid, std::uint32_t parent) {
    return create(tgid, tgid, parent, 0);
  }
  model::TimeNs end(std::uint32_t serial) {
    triptych_task_end ended{};
    ended.hdr.ts_ns = ++now_ns_;
    ended.hdr.task = serial;
    ended.hdr.kind = TRIPTYCH_EV_TASK_END;
    ended.hdr.size8 = sizeof ended / 8;
    tell(ended);
    return now_ns_;
  }
  template <class Raw>
  void tell(const Raw& raw) {
    threads_.on_record(std::as_bytes(std::span(&raw, 1)));
    if (!holds_back_) threads_.advance(now_ns_);
  }

  Threads threads_;
  bool holds_back_ = false;  // the test itself advances
  model::TimeNs now_ns_ = 0;
  std::uint32_t serial_ = 0;
};

TEST_F(ThreadsTest, OnlyWhatLivesIsRemembered) {
  const std::uint32_t server = fork(kServer, 0);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const std::uint32_t child = fork(1'000 + i, server);
    const std::uint32_t thread = create(kServer, 20'000 + i, server, CLONE_VM | CLONE_THREAD);
    end(child);
    end(thread);
    threads_.forget_ended(kAlways, {});
    ASSERT_EQ(threads_.processes().size(), 1u);
    ASSERT_EQ(threads_.process(kServer)->threads.size(), 1u);
    ASSERT_TRUE(threads_.has_ended(model::TaskId{child}));
    ASSERT_TRUE(threads_.has_ended(model::TaskId{thread}));
  }
  EXPECT_FALSE(threads_.has_ended(model::TaskId{server}));
}

TEST_F(ThreadsTest, WhatEndedLaterIsForgottenLater) {
  const std::uint32_t server = fork(kServer, 0);
  const std::uint32_t thread = create(kServer, kServer + 1, server, CLONE_VM | CLONE_THREAD);
  const model::TimeNs ended_ns = end(thread);
  threads_.forget_ended(ended_ns - 1, {});
  EXPECT_EQ(threads_.process(kServer)->threads.size(), 2u);
  threads_.forget_ended(ended_ns, {});
  EXPECT_EQ(threads_.process(kServer)->threads.size(), 1u);
}

// As from two rings of which the later one is read first.
TEST_F(ThreadsTest, WhatTheRingsSayIsPutInOrder) {
  holds_back_ = true;
  const std::uint32_t server = serial_ + 1, thread = serial_ + 2;
  now_ns_ = 10;
  end(server);
  const model::TimeNs ended_ns = end(thread);
  now_ns_ = 0;
  fork(kServer, 0);
  create(kServer, kServer + 1, server, CLONE_VM | CLONE_THREAD);
  threads_.advance(ended_ns - 2);
  ASSERT_EQ(threads_.process(kServer)->threads.size(), 2u);
  EXPECT_FALSE(threads_.has_ended(model::TaskId{server})) << "not yet";
  threads_.advance(ended_ns);
  EXPECT_TRUE(threads_.has_ended(model::TaskId{server}));
  EXPECT_TRUE(threads_.has_ended(model::TaskId{thread}));
  EXPECT_EQ(threads_.process(kServer)->threads.size(), 2u);
}

TEST_F(ThreadsTest, DescentOutlivesTheAncestors) {
  const std::uint32_t server = fork(kServer, 0);
  const std::uint32_t parent = fork(101, server);
  const std::uint32_t child = fork(102, parent);
  fork(103, child);
  end(parent);
  end(child);
  end(server);
  threads_.forget_ended(kAlways, std::array{model::Tid{kServer}});
  ASSERT_NE(threads_.process(103), nullptr);
  EXPECT_TRUE(threads_.descends(*threads_.process(103), kServer));
  EXPECT_EQ(threads_.process(101), nullptr);
  ASSERT_NE(threads_.process(kServer), nullptr) << "kept";
  threads_.forget_ended(kAlways, {});
  EXPECT_EQ(threads_.process(kServer), nullptr) << "kept no more";
}

TEST_F(ThreadsTest, ANumberUsedAgainIsAnotherProcess) {
  const std::uint32_t old = fork(kServer, 0);
  const std::uint32_t thread = create(kServer, kServer + 1, old, CLONE_VM | CLONE_THREAD);
  end(old);
  end(thread);
  const std::uint32_t young = fork(kServer, 0);
  EXPECT_TRUE(threads_.has_ended(model::TaskId{thread}));
  EXPECT_FALSE(threads_.has_ended(model::TaskId{young}));
  threads_.forget_ended(kAlways, {});
  ASSERT_NE(threads_.process(kServer), nullptr);
  EXPECT_EQ(threads_.process(kServer)->threads.size(), 1u);
}

}  // namespace
}  // namespace triptych::coroutine::ring
