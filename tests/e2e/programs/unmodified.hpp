// SPDX-License-Identifier: Apache-2.0
//
// Coroutines that know nothing of triptych and count for themselves what happens to them, by
// function: the types of which the ones in unmodified.cpp and unmodified_library.cpp are.
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

struct Counts {
  const char* name;
  bool eager = false;  // its first call runs it
  std::atomic<long> created{0}, resumed{0}, finished{0}, destroyed{0}, awaited{0};
};

// A promise takes the first argument of its coroutine that is a Counts.
struct Counted {
  Counts* counts = nullptr;
  template <class... Arguments>
  explicit Counted(Arguments&... arguments) {
    (pick(arguments), ...);
    ++counts->created;
  }
  ~Counted() { ++counts->destroyed; }

  struct Suspend {
    Counts* counts = nullptr;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept {}
    void await_resume() noexcept { ++counts->resumed; }
  };
  struct FinalSuspend {
    Counts* counts;
    bool await_ready() noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) noexcept { ++counts->finished; }
    void await_resume() noexcept {}
  };

 private:
  template <class T>
  void pick(T& argument) {
    if constexpr (std::is_same_v<std::remove_cv_t<T>, Counts>) {
      if (counts == nullptr) counts = const_cast<Counts*>(&argument);
    }
  }
};

template <class Promise>
struct Owned {
  std::coroutine_handle<Promise> handle;
  explicit Owned(std::coroutine_handle<Promise> owned) : handle(owned) {}
  Owned(Owned&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Owned() {
    if (handle) handle.destroy();
  }
};

template <class T>
struct GeneratorPromise : Counted {
  T value{};
  template <class... Arguments>
  explicit GeneratorPromise(Arguments&... arguments) : Counted(arguments...) {}
  auto get_return_object() {
    return Owned{std::coroutine_handle<GeneratorPromise>::from_promise(*this)};
  }
  Suspend initial_suspend() noexcept { return {counts}; }
  FinalSuspend final_suspend() noexcept { return {counts}; }
  Suspend yield_value(T next) {
    value = next;
    return {counts};
  }
  void return_void() {}
  // The exception leaves the coroutine: it is at its end, without a final suspend.
  void unhandled_exception() {
    ++counts->finished;
    throw;
  }
};

template <class T>
struct Generator : Owned<GeneratorPromise<T>> {
  using promise_type = GeneratorPromise<T>;
  Generator(Owned<promise_type>&& owned) : Owned<promise_type>(std::move(owned)) {}
  bool next() {
    this->handle.resume();
    return !this->handle.done();
  }
  T value() { return this->handle.promise().value; }
};

// Hands control to whoever awaits it: symmetric transfer.
struct TaskPromise : Counted {
  std::optional<long> value;
  std::exception_ptr failed;
  std::coroutine_handle<> awaiting;
  template <class... Arguments>
  explicit TaskPromise(Arguments&... arguments) : Counted(arguments...) {}
  auto get_return_object() {
    return Owned{std::coroutine_handle<TaskPromise>::from_promise(*this)};
  }
  struct Transfer {
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<TaskPromise> self) noexcept {
      ++self.promise().counts->finished;
      const auto next = self.promise().awaiting;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  Suspend initial_suspend() noexcept { return {counts}; }
  Transfer final_suspend() noexcept { return {}; }
  void return_value(long result) { value = result; }
  void unhandled_exception() { failed = std::current_exception(); }
};

struct Task : Owned<TaskPromise> {
  using promise_type = TaskPromise;
  Task(Owned<promise_type>&& owned) : Owned<promise_type>(std::move(owned)) {}

  struct Awaiter {
    std::coroutine_handle<TaskPromise> awaited;
    Counts* counts = nullptr;
    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<TaskPromise> by) noexcept {
      counts = by.promise().counts;
      ++awaited.promise().counts->awaited;
      awaited.promise().awaiting = by;
      return awaited;
    }
    long await_resume() {
      ++counts->resumed;
      if (awaited.promise().failed) std::rethrow_exception(awaited.promise().failed);
      return *awaited.promise().value;
    }
  };
  Awaiter operator co_await() && noexcept { return {this->handle}; }
};

// Starts at once and frees itself.
struct Detached {
  struct promise_type : Counted {
    template <class... Arguments>
    explicit promise_type(Arguments&... arguments) : Counted(arguments...) {
      counts->eager = true;
    }
    struct Over {
      Counts* counts;
      bool await_ready() noexcept {
        ++counts->finished;
        return true;
      }
      void await_suspend(std::coroutine_handle<>) noexcept {}
      void await_resume() noexcept {}
    };
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    Over final_suspend() noexcept { return {counts}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

// Until its turn comes again: who runs the loop takes it from there.
void ready(std::coroutine_handle<> handle);

struct Turn {
  Counts* counts = nullptr;
  bool await_ready() noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
    counts = handle.promise().counts;
    ready(handle);
  }
  void await_resume() noexcept { ++counts->resumed; }
};

extern Counts library_parent, library_child;
Task in_library(Counts& counts, int n);
