// SPDX-License-Identifier: Apache-2.0
//
// Stackful coroutines (Boost.Context) on a scheduler of one thread: each has a stack of its own,
// may suspend from any depth of calls, and hands control directly to the next one that is ready.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "workloads/support/guarded_stack.hpp"
#include "workloads/support/ready_queue.hpp"
#include "workloads/support/visible.hpp"

namespace triptych::workloads {

inline constexpr std::size_t kStackfulStackBytes = 64 << 10;

inline constinit VisibleStacks stackful_units{"stackful unit"};

class StackfulScheduler;

// One coroutine and its stack. What its functions own while they are suspended is not destroyed
// with it: a coroutine that is given up half-way must own nothing.
class Stackful {
 public:
  // Not started: make it ready for that.
  static Result<std::unique_ptr<Stackful>> create(std::function<void()> body,
                                                  std::size_t stack_bytes = kStackfulStackBytes);
  ~Stackful() { stackful_units.destroyed(this); }
  Stackful(const Stackful&) = delete;
  Stackful& operator=(const Stackful&) = delete;

 private:
  friend class StackfulScheduler;
  Stackful(std::function<void()> body, GuardedStack stack);
  static void enter(boost::context::detail::transfer_t from);

  std::function<void()> body_;
  GuardedStack stack_;
  boost::context::detail::fcontext_t context_;
};

class StackfulScheduler {
 public:
  using Handle = Stackful*;

  void make_ready(Handle coroutine) { ready_.push(coroutine); }
  [[nodiscard]] bool idle() const { return ready_.empty(); }
  // The coroutine that runs; null outside run().
  [[nodiscard]] Handle current() const { return current_; }

  // Behind the others that are ready. Called by a coroutine.
  void yield() {
    if (ready_.empty()) return;
    ready_.push(current_);
    switch_away();
  }

  // Until somebody makes it ready. Called by a coroutine.
  void park() { switch_away(); }

  // Runs coroutines until none is ready.
  void run() {
    if (!ready_.empty()) switch_away();
  }

  // To a coroutine, from another one or from the caller of run(): how often one was resumed.
  [[nodiscard]] std::uint64_t switches() const { return switches_; }

 private:
  friend class Stackful;

  // To the next one that is ready, or to the caller of run().
  void switch_away() {
    const Handle from = current_;
    left_ = current_ ? &current_->context_ : &caller_;
    current_ = ready_.empty() ? nullptr : ready_.pop();
    if (current_) ++switches_;
    stackful_units.switched(from, current_);
    arrived(boost::context::detail::jump_fcontext(current_ ? current_->context_ : caller_, this));
  }
  // Who was left is remembered by who has come.
  static StackfulScheduler& arrived(boost::context::detail::transfer_t from) {
    auto& scheduler = *static_cast<StackfulScheduler*>(from.data);
    *scheduler.left_ = from.fctx;
    return scheduler;
  }

  ReadyQueue<Handle> ready_;
  Handle current_ = nullptr;
  boost::context::detail::fcontext_t caller_ = nullptr;
  boost::context::detail::fcontext_t* left_ = nullptr;
  std::uint64_t switches_ = 0;
};

}  // namespace triptych::workloads
