// SPDX-License-Identifier: Apache-2.0
//
// The locks of coroutines. All units are of one thread, so a lock is plain memory and a queue of
// who waits; Handle names a suspended coroutine, Scheduler::make_ready lets it go on.
//
// try_enter says whether the section was entered; who was refused suspends, is queued up, and when
// it is resumed either is in the section already (kHandsOver) or tries again. kHolds: between enter
// and leave nobody else is in, so that a holder that suspends makes others wait.
#pragma once

#include <atomic>
#include <cstdint>

#include "workloads/support/ready_queue.hpp"

namespace triptych::workloads::lock {

template <typename Scheduler>
class CoroutineSemaphore {
 public:
  using Handle = typename Scheduler::Handle;
  static constexpr bool kHandsOver = true;
  static constexpr bool kHolds = true;
  CoroutineSemaphore(Scheduler& scheduler, unsigned) : scheduler_(scheduler) {}

  bool try_enter() {
    if (free_ == 0) return false;
    --free_;
    return true;
  }
  void queue_up(Handle self) { waiting_.push(self); }
  void count(std::uint64_t& entries) { ++entries; }
  void leave() {
    if (waiting_.empty()) {
      ++free_;
    } else {
      scheduler_.make_ready(waiting_.pop());
    }
  }

 private:
  Scheduler& scheduler_;
  ReadyQueue<Handle> waiting_;
  std::uint64_t free_ = 1;
};

// A semaphore of one is a mutex: without a second thread nothing is left to tell them apart but who
// may leave.
template <typename Scheduler>
using CoroutineMutex = CoroutineSemaphore<Scheduler>;

// A monitor: a flag, and a queue of who waits for it to change. Who is woken looks again.
template <typename Scheduler>
class CoroutineCondvar {
 public:
  using Handle = typename Scheduler::Handle;
  static constexpr bool kHandsOver = false;
  static constexpr bool kHolds = true;
  CoroutineCondvar(Scheduler& scheduler, unsigned) : scheduler_(scheduler) {}

  bool try_enter() {
    if (taken_) return false;
    taken_ = true;
    return true;
  }
  void queue_up(Handle self) { waiting_.push(self); }
  void count(std::uint64_t& entries) { ++entries; }
  void leave() {
    taken_ = false;
    if (!waiting_.empty()) scheduler_.make_ready(waiting_.pop());
  }

 private:
  Scheduler& scheduler_;
  ReadyQueue<Handle> waiting_;
  bool taken_ = false;
};

// Entered by the last one of the parties, who lets the others pass.
template <typename Scheduler>
class CoroutineBarrier {
 public:
  using Handle = typename Scheduler::Handle;
  static constexpr bool kHandsOver = true;
  static constexpr bool kHolds = false;
  CoroutineBarrier(Scheduler& scheduler, unsigned parties)
      : scheduler_(scheduler), parties_(parties) {}

  bool try_enter() {
    if (waiting_.size() + 1 < parties_) return false;
    while (!waiting_.empty()) scheduler_.make_ready(waiting_.pop());
    return true;
  }
  void queue_up(Handle self) { waiting_.push(self); }
  void count(std::uint64_t& entries) { ++entries; }
  void leave() {}

 private:
  Scheduler& scheduler_;
  ReadyQueue<Handle> waiting_;
  unsigned parties_;
};

// Nothing to wait for: an atomic addition is the whole section.
template <typename Scheduler>
class CoroutineAtomic {
 public:
  using Handle = typename Scheduler::Handle;
  static constexpr bool kHandsOver = true;
  static constexpr bool kHolds = false;
  CoroutineAtomic(Scheduler&, unsigned) {}

  bool try_enter() { return true; }
  void queue_up(Handle) {}
  void leave() {}
  void count(std::uint64_t& entries) { std::atomic_ref<std::uint64_t>(entries).fetch_add(1); }
};

}  // namespace triptych::workloads::lock
