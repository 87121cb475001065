// SPDX-License-Identifier: Apache-2.0
//
// traced_promise around promises that know nothing of it: each event once, whatever the awaiter is.
#include <gtest/gtest.h>
#include <unistd.h>

#include <coroutine>
#include <exception>
#include <string>
#include <thread>
#include <triptych/coroutine.hpp>
#include <utility>
#include <vector>

#include "recorder_memory.hpp"

namespace triptych::coroutine_testing {
namespace {

struct Failure {};

struct TaskPromise;
struct Task {
  using promise_type = traced_promise<TaskPromise>;
  using Handle = std::coroutine_handle<TaskPromise>;

  explicit Task(Handle taken) : handle(taken) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  Handle handle;
};

struct TaskPromise {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr failure;

  Task get_return_object() { return Task(Task::Handle::from_promise(*this)); }
  static std::suspend_always initial_suspend() { return {}; }
  struct Final {
    static bool await_ready() noexcept { return false; }
    static std::coroutine_handle<> await_suspend(Task::Handle handle) noexcept {
      return handle.promise().continuation;
    }
    static void await_resume() noexcept {}
  };
  static Final final_suspend() noexcept { return {}; }
  void return_void() {}
  void unhandled_exception() { failure = std::current_exception(); }
};

struct TaskAwaiter {
  Task::Handle handle;
  static bool await_ready() { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) {
    handle.promise().continuation = awaiting;
    return handle;
  }
  void await_resume() {
    if (handle.promise().failure) std::rethrow_exception(handle.promise().failure);
  }
};
TaskAwaiter operator co_await(Task&& task) {
  return {task.handle};
}

struct GeneratorPromise;
struct Generator {
  using promise_type = traced_promise<GeneratorPromise>;
  std::coroutine_handle<GeneratorPromise> handle;
};
struct GeneratorPromise {
  int value = 0;
  Generator get_return_object() {
    return {std::coroutine_handle<GeneratorPromise>::from_promise(*this)};
  }
  static std::suspend_always initial_suspend() { return {}; }
  static std::suspend_always final_suspend() noexcept { return {}; }
  std::suspend_always yield_value(int next) {
    value = next;
    return {};
  }
  void return_void() {}
  [[noreturn]] static void unhandled_exception() { std::terminate(); }
};

// Runs at once, and nobody needs to destroy it.
struct DetachedPromise;
struct Detached {
  using promise_type = traced_promise<DetachedPromise>;
};
struct DetachedPromise {
  static Detached get_return_object() { return {}; }
  static std::suspend_never initial_suspend() { return {}; }
  static std::suspend_never final_suspend() noexcept { return {}; }
  void return_void() {}
  [[noreturn]] static void unhandled_exception() { std::terminate(); }
};

struct StaysOrNot {
  bool stays;
  static bool await_ready() { return false; }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> /*handle*/) const { return stays; }
  static void await_resume() {}
};

Generator iota(int count) {
  for (int i = 0; i < count; ++i) co_yield i;
}

Task leaf(bool fails) {
  if (fails) std::rethrow_exception(std::make_exception_ptr(Failure{}));
  co_return;
}

Task middle(int leaves) {
  for (int i = 0; i < leaves; ++i) {
    try {
      co_await leaf(i % 2 == 1);
    } catch (const Failure&) {
    }
  }
  const Generator numbers = iota(10);
  while (numbers.handle.resume(), !numbers.handle.done()) {
  }
  numbers.handle.destroy();
}

Task root(int leaves) {
  co_await middle(leaves);
  co_await std::suspend_never{};
  co_await std::suspend_always{};
}

Detached detached(bool stays, std::coroutine_handle<>& where) {
  struct Leave {
    std::coroutine_handle<>& where;
    static bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> handle) { where = handle; }
    static void await_resume() {}
  };
  co_await StaysOrNot{false};
  if (stays) co_await Leave{where};
}

triptych_coro_totals totals_of(const std::string& name) {
  for (std::uint32_t index = 1; index < TRIPTYCH_CORO_FUNCTIONS; ++index) {
    if (function(index).address != 0 && function(index).name == name) return totals(index);
  }
  return {};
}

void expect_totals(const std::string& name, std::uint64_t created, std::uint64_t resumed,
                   std::uint64_t suspended, std::uint64_t finished, std::uint64_t destroyed) {
  const triptych_coro_totals found = totals_of(name);
  EXPECT_EQ(found.created, created) << name;
  EXPECT_EQ(found.resumed, resumed) << name;
  EXPECT_EQ(found.suspended, suspended) << name;
  EXPECT_EQ(found.finished, finished) << name;
  EXPECT_EQ(found.destroyed, destroyed) << name;
}

TEST(Promise, EachEventOnce) {
  {
    const Armed armed;
    const Task task = root(5);
    task.handle.resume();
    ASSERT_FALSE(task.handle.done());
    task.handle.resume();
    ASSERT_TRUE(task.handle.done());
  }
  expect_totals("root", 1, 3, 2, 1, 1);
  expect_totals("middle", 1, 6, 5, 1, 1);
  expect_totals("leaf", 5, 5, 0, 5, 5);
  expect_totals("iota", 1, 11, 10, 1, 1);
}

TEST(Promise, ASuspensionThatDoesNotHappenGoesOn) {
  const Armed armed;
  std::coroutine_handle<> where;
  detached(false, where);
  expect_totals("detached", 1, 2, 1, 1, 1);
  detached(true, where);
  expect_totals("detached", 2, 4, 3, 1, 1);
  where.resume();
  expect_totals("detached", 2, 5, 3, 2, 2);
}

Task local() {
  co_await std::suspend_always{};
}

TEST(Promise, KnowsNameAndLineOfTheFunction) {
  [[maybe_unused]] constexpr unsigned kLine = __LINE__ - 5;
  const Armed armed;
  const Task task = local();
  bool found = false;
  for (std::uint32_t index = 1; index < TRIPTYCH_CORO_FUNCTIONS; ++index) {
    if (std::string(function(index).name) != "local") continue;
    found = true;
#ifdef __clang__
    EXPECT_EQ(function(index).line, kLine);
#else
    EXPECT_EQ(function(index).line, 0u) << "g++ says where the function ends";
#endif
  }
  EXPECT_TRUE(found);
}

TEST(Promise, OneStampServesATransferAndTheAwaitedIsKnown) {
  std::thread([] {
    const Armed armed;
    const Task task = root(1);
    task.handle.resume();
    const std::uint32_t own = slot_of(static_cast<std::uint32_t>(::gettid()));
    const std::vector<Seen> events = events_since(own, slot(own).claim_head);
    // thread, created root, resumed root, created middle, suspended root, awaits, resumed middle
    ASSERT_GT(events.size(), 7u);
    EXPECT_EQ(events[4].kind, static_cast<std::uint32_t>(TRIPTYCH_CORO_SUSPENDED));
    EXPECT_EQ(events[5].kind, static_cast<std::uint32_t>(TRIPTYCH_CORO_AWAITS));
    EXPECT_EQ(events[6].kind, static_cast<std::uint32_t>(TRIPTYCH_CORO_RESUMED));
    EXPECT_EQ(events[5].stamp, events[6].id);
    EXPECT_EQ(events[4].stamp, events[6].stamp);
    EXPECT_EQ(events[2].id, reinterpret_cast<std::uintptr_t>(task.handle.address()));
  }).join();
}

TEST(Promise, ACoroutineFromBeforeTheRecordingIsSeenFromItsNextEventOn) {
  const Task task = root(1);
  const triptych_coro_totals before = totals_of("root");
  {
    const Armed armed;
    task.handle.resume();
  }
  const triptych_coro_totals after = totals_of("root");
  EXPECT_EQ(after.created, before.created);
  EXPECT_EQ(after.resumed - before.resumed, 2u);
  EXPECT_EQ(after.suspended - before.suspended, 2u);
}

}  // namespace
}  // namespace triptych::coroutine_testing
