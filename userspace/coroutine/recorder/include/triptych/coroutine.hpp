// SPDX-License-Identifier: Apache-2.0
//
// Makes the coroutines of a C++20 program visible to `triptych record`. One line of a promise's
// owner changes:
//
//     struct task { using promise_type = triptych::traced_promise<task_promise>; … };
//
// task_promise stays as it is: it may go on to say
// coroutine_handle<task_promise>::from_promise(*this). Recorded are creation, each resumption and
// suspension, the end and the destruction, with the name of the coroutine's function (clang: and
// its line); also which coroutine is awaited, where an awaiter hands control straight to it. Link
// with libtriptych_coroutine.
//
// Not seen: what an awaitable of another library does inside; that a final_suspend which never
// suspends lets the caller go on (the coroutine ends there). A braced list cannot be yielded
// through a traced_promise. The promise grows by 24 bytes and may not be aligned to more than 16.
#pragma once

#include <triptych/coroutine.h>

#include <coroutine>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace triptych {

template <class Promise>
class traced_promise;

namespace coroutine_detail {

// Where the hook stands in a coroutine's life.
enum class point { start, middle, end };

template <class T>
concept has_member_co_await = requires(T&& t) {
  static_cast<T&&>(t).operator co_await();
};
template <class T>
concept has_free_co_await = requires(T&& t) {
  operator co_await(static_cast<T&&>(t));
};

template <class Awaitable>
decltype(auto) awaiter_of(Awaitable&& awaitable) {
  if constexpr (has_member_co_await<Awaitable>) {
    return static_cast<Awaitable&&>(awaitable).operator co_await();
  } else if constexpr (has_free_co_await<Awaitable>) {
    return operator co_await(static_cast<Awaitable&&>(awaitable));
  } else {
    // The operand lives as long as the expression that awaits it.
    return static_cast<Awaitable&&>(awaitable);
  }
}

// clang says where the function begins, g++ where it ends: that would mislead.
constexpr std::uint32_t line([[maybe_unused]] std::uint32_t compilers_line) {
#ifdef __clang__
  return compilers_line;
#else
  return 0;
#endif
}

template <class T>
inline constexpr bool is_handle = false;
template <class P>
inline constexpr bool is_handle<std::coroutine_handle<P>> = true;

// Around an awaiter: says when the coroutine stops and goes on.
template <class Inner, class Promise, point Where>
class hook {
 public:
  template <class Make>
  hook(traced_promise<Promise>& promise, Make&& make) noexcept(noexcept(make()))
      : inner_(make()), promise_(&promise) {}

  bool await_ready() noexcept(noexcept(std::declval<Inner&>().await_ready())) {
    const bool ready = static_cast<bool>(inner_.await_ready());
    if (Where == point::end && ready) promise_->record_finished();
    return ready;
  }

  auto await_suspend(std::coroutine_handle<traced_promise<Promise>> handle) noexcept(noexcept(
      std::declval<Inner&>().await_suspend(std::declval<std::coroutine_handle<Promise>>()))) {
    // It may be resumed on another thread, and be gone, before the inner await_suspend returns.
    const auto plain = std::coroutine_handle<Promise>::from_address(handle.address());
    const std::uint64_t id = promise_->id();
    const std::uint32_t function = promise_->function();
    if constexpr (Where == point::end) {
      promise_->record_finished();
    } else if constexpr (Where == point::middle) {
      suspended_ = true;
      triptych_coro_suspend(id, function);
    }
    using Result = decltype(inner_.await_suspend(plain));
    if constexpr (is_handle<Result>) {
      back back_again{this};
      const Result next = inner_.await_suspend(plain);
      back_again.at = nullptr;
      const auto next_id = reinterpret_cast<std::uintptr_t>(next.address());
      if constexpr (Where != point::start) triptych_coro_gives_way(id, next_id);
      // At its end a coroutine hands over to whoever awaited it.
      if constexpr (Where == point::middle) {
        if (next_id != id) triptych_coro_await(id, function, next_id);
      }
      return next;
    } else if constexpr (std::is_same_v<Result, bool>) {
      back back_again{this};
      const bool stays = inner_.await_suspend(plain);
      if (stays) back_again.at = nullptr;
      return stays;
    } else {
      back back_again{this};
      inner_.await_suspend(plain);
      back_again.at = nullptr;
    }
  }

  decltype(auto) await_resume() noexcept(noexcept(std::declval<Inner&>().await_resume())) {
    if (Where == point::start || suspended_) promise_->record_resumed();
    return inner_.await_resume();
  }

 private:
  // Goes on by itself: await_suspend returned false, or an exception left it.
  struct back {
    hook* at;
    ~back() {
      if (Where != point::middle || at == nullptr) return;
      at->suspended_ = false;
      at->promise_->record_resumed();
    }
  };

  Inner inner_;
  traced_promise<Promise>* promise_;
  bool suspended_ = false;
};

template <class Promise, point Where, class Make>
auto make_hook(traced_promise<Promise>& promise, Make&& make) noexcept(noexcept(make())) {
  return hook<decltype(make()), Promise, Where>(promise, static_cast<Make&&>(make));
}

}  // namespace coroutine_detail

template <class Promise>
class traced_promise : public Promise {
 public:
  using Promise::Promise;
  traced_promise(const traced_promise&) = delete;
  traced_promise& operator=(const traced_promise&) = delete;
  ~traced_promise() {
    if (body_ != nullptr) triptych_coro_destroy(id(), function());
  }

  // The compiler calls it from the coroutine itself: the defaults are the coroutine's name and
  // line.
  auto initial_suspend(const char* function_name = __builtin_FUNCTION(),
                       std::uint32_t function_line = coroutine_detail::line(__builtin_LINE())) {
    using coroutine_detail::awaiter_of;
    // A handle of either type means the same frame only when the promise lies in the same place.
    static_assert(alignof(traced_promise) <= 16,
                  "a promise with a larger alignment cannot be traced");
    __builtin_memcpy(&body_, reinterpret_cast<const void*>(id()), sizeof body_);
    name_ = function_name;
    line_ = function_line;
    triptych_coro_create(id(), function());
    return coroutine_detail::make_hook<Promise, coroutine_detail::point::start>(
        *this, [&]() -> decltype(auto) { return awaiter_of(Promise::initial_suspend()); });
  }

  auto final_suspend() noexcept {
    using coroutine_detail::awaiter_of;
    return coroutine_detail::make_hook<Promise, coroutine_detail::point::end>(
        *this, [&]() noexcept -> decltype(auto) { return awaiter_of(Promise::final_suspend()); });
  }

  template <class Awaitable>
  auto await_transform(Awaitable&& awaited_value) {
    using coroutine_detail::awaiter_of;
    return coroutine_detail::make_hook<Promise, coroutine_detail::point::middle>(
        *this, [&]() -> decltype(auto) {
          if constexpr (requires {
                          Promise::await_transform(static_cast<Awaitable&&>(awaited_value));
                        }) {
            return awaiter_of(Promise::await_transform(static_cast<Awaitable&&>(awaited_value)));
          } else {
            return awaiter_of(static_cast<Awaitable&&>(awaited_value));
          }
        });
  }

  template <class Value, class P = Promise>
  requires requires(P& promise, Value&& value) { promise.yield_value(static_cast<Value&&>(value)); }
  auto yield_value(Value&& yielded_value) {
    using coroutine_detail::awaiter_of;
    return coroutine_detail::make_hook<Promise, coroutine_detail::point::middle>(
        *this, [&]() -> decltype(auto) {
          return awaiter_of(Promise::yield_value(static_cast<Value&&>(yielded_value)));
        });
  }

  // The address of the frame.
  [[nodiscard]] std::uint64_t id() noexcept {
    return reinterpret_cast<std::uintptr_t>(
        std::coroutine_handle<traced_promise>::from_promise(*this).address());
  }

  // Asked for once somebody records, so that programs that nobody looks at do not pay for it.
  [[nodiscard]] std::uint32_t function() noexcept {
    if (function_ == 0 && triptych_coro_is_armed()) {
      function_ = triptych_coro_function(body_, name_, line_);
    }
    return function_;
  }

  void record_resumed() noexcept { triptych_coro_resume(id(), function()); }
  void record_finished() noexcept { triptych_coro_finish(id(), function()); }

 private:
  void* body_ = nullptr;  // what the frame begins with: the function that resumes it
  const char* name_ = nullptr;
  std::uint32_t line_ = 0;
  std::uint32_t function_ = 0;
};

}  // namespace triptych
