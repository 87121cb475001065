// SPDX-License-Identifier: Apache-2.0
//
// Stackless coroutines (C++20) on a scheduler of one thread: a queue of those that are ready, and a
// loop that resumes them in turn. What a coroutine keeps over a suspension is in its frame, on the
// heap.
#pragma once

#include <coroutine>
#include <cstdint>
#include <exception>
#include <utility>

#include "workloads/support/ready_queue.hpp"
#include "workloads/support/visible.hpp"

namespace triptych::workloads {

// Owns the frame of a coroutine that has not been started: make its handle ready to start it. It
// may be destroyed whenever the coroutine is suspended and in nobody's queue.
class Stackless {
 public:
  struct Promise {
    Stackless get_return_object() {
      return Stackless(std::coroutine_handle<Promise>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  using promise_type = VisiblePromise<Promise>;

  explicit Stackless(std::coroutine_handle<Promise> handle) : handle_(handle) {}
  Stackless(Stackless&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Stackless& operator=(Stackless&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Stackless(const Stackless&) = delete;
  Stackless& operator=(const Stackless&) = delete;
  ~Stackless() {
    if (handle_) handle_.destroy();
  }

  [[nodiscard]] std::coroutine_handle<> handle() const { return handle_; }

 private:
  std::coroutine_handle<Promise> handle_;
};

class StacklessScheduler {
 public:
  using Handle = std::coroutine_handle<>;

  void make_ready(Handle handle) { ready_.push(handle); }
  [[nodiscard]] bool idle() const { return ready_.empty(); }

  // co_await: behind the others that are ready; goes on at once if there are none.
  struct Yield {
    StacklessScheduler* scheduler;
    bool await_ready() const noexcept { return scheduler->ready_.empty(); }
    void await_suspend(Handle self) const { scheduler->make_ready(self); }
    void await_resume() const noexcept {}
  };
  Yield yield() { return Yield{this}; }

  // Resumes coroutines until none is ready.
  void run() {
    while (!ready_.empty()) {
      ++switches_;
      ready_.pop().resume();
    }
  }

  // From the scheduler to a coroutine: how often one was resumed.
  [[nodiscard]] std::uint64_t switches() const { return switches_; }

 private:
  ReadyQueue<Handle> ready_;
  std::uint64_t switches_ = 0;
};

}  // namespace triptych::workloads
