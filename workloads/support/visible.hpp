// SPDX-License-Identifier: Apache-2.0
//
// What makes coroutines visible to a recording, by the recorder library: in
// triptych-coroutine-cell, which is run when somebody records. In triptych-cell, which is timed,
// all of this is nothing.
#pragma once

#ifdef TRIPTYCH_VISIBLE_COROUTINES
#include <triptych/coroutine.hpp>
#endif

#include <cstdint>

namespace triptych::workloads {

#ifdef TRIPTYCH_VISIBLE_COROUTINES

template <class Promise>
using VisiblePromise = traced_promise<Promise>;

// Coroutines with stacks of their own, of which no compiler knows, by any address that tells the
// living ones apart. One thread's.
class VisibleStacks {
 public:
  constexpr explicit VisibleStacks(const char* name) : name_(name) {}

  void created(const void* unit) { triptych_coro_create(id(unit), function()); }
  // Null: who runs no coroutine.
  void switched(const void* from, const void* to) {
    if (from == finished_) from = nullptr;
    finished_ = nullptr;
    if (from != nullptr && to != nullptr) {
      triptych_coro_transfer(id(from), function(), id(to), function());
    } else if (to != nullptr) {
      triptych_coro_resume(id(to), function());
    } else if (from != nullptr) {
      triptych_coro_suspend(id(from), function());
    }
  }
  void finished(const void* unit) {
    triptych_coro_finish(id(unit), function());
    finished_ = unit;
  }
  void destroyed(const void* unit) { triptych_coro_destroy(id(unit), function()); }

 private:
  static std::uint64_t id(const void* unit) { return reinterpret_cast<std::uintptr_t>(unit); }
  std::uint32_t function() {
    if (function_ == 0) function_ = triptych_coro_function(name_, name_, 0);
    return function_;
  }

  const char* name_;
  std::uint32_t function_ = 0;
  const void* finished_ = nullptr;  // and has not been left yet
};

#else

template <class Promise>
using VisiblePromise = Promise;

class VisibleStacks {
 public:
  constexpr explicit VisibleStacks(const char*) {}
  void created(const void*) {}
  void switched(const void*, const void*) {}
  void finished(const void*) {}
  void destroyed(const void*) {}
};

#endif

// Between a mark and what is counted after or before it, so that the two are in this order in a
// trace too: a coroutine's events are timed by another clock than the kernel's own.
void stand_off_from_mark();

}  // namespace triptych::workloads
