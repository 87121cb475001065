// SPDX-License-Identifier: Apache-2.0
//
// A small machine that runs a random program: what it writes is a trace that a kernel could have
// written, whole, with every kind of event.
#pragma once

#include <random>
#include <set>
#include <vector>

#include "support/trace_builder.hpp"

namespace triptych::test {

class RandomTrace {
 public:
  RandomTrace(unsigned seed, unsigned cpus) : random_(seed), cpus_(cpus) {}

  // Runs for about `steps` events. Tasks that are still alive then stay so.
  TraceBuilder run(unsigned steps);

 private:
  struct Sleeper {
    model::TaskId task;
    bool is_new;
  };

  unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
  template <class T>
  T take(std::vector<T>& from) {
    const unsigned i = pick(static_cast<unsigned>(from.size()));
    const T taken = from[i];
    from.erase(from.begin() + i);
    return taken;
  }
  model::TaskId next();
  void step();
  void act();
  void make_child();
  void finish_current();
  model::Fault random_fault();

  std::mt19937 random_;
  unsigned cpus_;
  TraceBuilder trace_;
  std::vector<model::TaskId> runnable_, blocked_, dead_;
  std::set<model::TaskId> strangers_;
  model::Tid next_tid_ = 200;
};

inline model::Fault RandomTrace::random_fault() {
  switch (pick(6)) {
    case 0:
      return first_touch();
    case 1:
      return wp_reuse();
    case 2:
      return file_read();
    case 3:
      return unresolved();
    default:
      return cow_copy();
  }
}

inline model::TaskId RandomTrace::next() {
  if (runnable_.empty()) return model::kIdleTask;
  if (pick(10) == 0) return *strangers_.begin();
  return take(runnable_);
}

inline void RandomTrace::make_child() {
  const unsigned how = pick(4);
  const model::Tid tid = next_tid_++;
  const model::TaskId child = how == 0   ? trace_.thread(tid)
                              : how == 1 ? trace_.vfork(tid)
                                         : trace_.fork(tid);
  trace_.after(TraceBuilder::Ns(200)).wake_new(child);
  trace_.after(TraceBuilder::Ns(300)).clone_return(child, TraceBuilder::Ns(2000));
  runnable_.push_back(child);
}

inline void RandomTrace::finish_current() {
  const model::TaskId ended = trace_.current();
  trace_.exit(0);
  trace_.after(TraceBuilder::Ns(500)).end_to(next());
  dead_.push_back(ended);
}

inline void RandomTrace::act() {
  switch (pick(14)) {
    case 0:
    case 1: {
      const model::TaskId slept = trace_.current();
      constexpr std::int16_t kCalls[] = {kRead, kWrite, kFutex, kWait4};
      trace_.block_to(next(), kCalls[pick(4)]);
      blocked_.push_back(slept);
      break;
    }
    case 2: {
      const model::TaskId preempted = trace_.current();
      const model::TaskId winner = next();
      if (winner == model::kIdleTask) break;
      trace_.switch_to(winner);
      runnable_.push_back(preempted);
      break;
    }
    case 3: {
      const model::TaskId yielding = trace_.current();
      const model::TaskId winner = next();
      if (winner == model::kIdleTask) break;
      trace_.yield_to(winner);
      runnable_.push_back(yielding);
      break;
    }
    case 4:
      make_child();
      break;
    case 5:
      if (pick(3) == 0) trace_.exec(pick(2) == 0 ? "ls" : "cat");
      break;
    case 6:
      if (pick(3) == 0) finish_current();
      break;
    case 7:
      if (pick(3) == 0) trace_.mark("phase");
      break;
    default:
      trace_.fault(random_fault());
  }
}

inline void RandomTrace::step() {
  trace_.after(TraceBuilder::Ns(100 + pick(5000))).cpu(static_cast<std::uint16_t>(pick(cpus_)));
  if (!blocked_.empty() && pick(3) == 0) {
    const model::TaskId woken = take(blocked_);
    trace_.wake(woken, trace_.current());
    runnable_.push_back(woken);
    return;
  }
  if (!dead_.empty() && pick(8) == 0) {
    trace_.free(take(dead_));
    return;
  }
  const model::TaskId running = trace_.current();
  const bool off = running == model::kIdleTask || strangers_.count(running) != 0;
  if (!off) return act();
  if (!runnable_.empty()) trace_.switch_to(take(runnable_));
}

inline TraceBuilder RandomTrace::run(unsigned steps) {
  trace_.at(TraceBuilder::Ns(1'000'000)).cpu(0);
  trace_.launch("sh", 100);
  strangers_.insert(trace_.stranger("kworker", 9));
  const model::TaskId first = trace_.attach("server", 50, 50);
  blocked_.push_back(first);
  blocked_.push_back(trace_.attach("server", 51, 50, trace_.mm_of(first)));
  make_child();
  for (unsigned i = 0; i < steps; ++i) step();
  return std::move(trace_);
}

}  // namespace triptych::test
