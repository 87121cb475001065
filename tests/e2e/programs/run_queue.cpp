// SPDX-License-Identifier: Apache-2.0
//
// The scheduler of every textbook: a queue of coroutines, resumed in turn; behind the call that
// resumes there is much before the next jump. One of them sleeps twice.
//
//     run_queue             a queue, until it is empty
//     run_queue in-a-row    two resumed one behind the other, with nothing between
//     run_queue in-place    one after the other at one address, each given up before its end
#include <unistd.h>

#include <coroutine>
#include <cstring>
#include <deque>

struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
  std::coroutine_handle<promise_type> handle;
};

std::deque<std::coroutine_handle<>> ready;

struct Yield {
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> handle) { ready.push_back(handle); }
  void await_resume() {}
};

Task quick(int turns) {
  for (int i = 0; i < turns; i++) co_await Yield{};
}

Task slow() {
  co_await Yield{};
  usleep(100000);
  co_await Yield{};
  usleep(50000);
}

Task endless() {
  for (;;) co_await std::suspend_always{};
}

void in_a_row() {
  const auto first = endless().handle, second = endless().handle;
  for (int i = 0; i < 10; i++) {
    first.resume();
    second.resume();
    usleep(5000);
  }
}

void in_place() {
  for (int i = 0; i < 20; i++) {
    const auto handle = endless().handle;
    for (int turn = 0; turn < 3; turn++) handle.resume();
    handle.destroy();
  }
}

int main(int count, char** words) {
  if (count > 1) {
    std::strcmp(words[1], "in-place") == 0 ? in_place() : in_a_row();
    return 0;
  }
  ready = {quick(100).handle, quick(100).handle, slow().handle};
  while (!ready.empty()) {
    const std::coroutine_handle<> next = ready.front();
    ready.pop_front();
    next.resume();
    if (ready.size() < 2) usleep(100);
  }
}
