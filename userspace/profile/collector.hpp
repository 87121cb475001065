// SPDX-License-Identifier: Apache-2.0
//
// Makes a profile of what the analysis tells, in one pass: memory by the number of tasks and
// distinct paths, not of events.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "analyze/interval.hpp"
#include "profile/build.hpp"
#include "profile/path_table.hpp"
#include "profile/profile.hpp"
#include "profile/top_log.hpp"
#include "symbol/resolve/resolver.hpp"

namespace triptych::profile {

// Which coroutines are asked for, by number and function.
using CoroutineFilter = std::function<bool(std::uint64_t, const analyze::CoroutineFunction&)>;

class Collector {
 public:
  // With a filter only what was done while such a coroutine was on top is counted, or what these
  // coroutines themselves did.
  explicit Collector(Kind kind, CoroutineFilter only = {},
                     std::size_t most_paths = PathTable::kMost)
      : kind_(kind), only_(std::move(only)), paths_(most_paths) {}

  void add(const analyze::Interval& interval);
  // In order of time. The thread's intervals are told from `from_ns` on.
  void add(const analyze::CoroutineOnTop& change, model::TimeNs from_ns);
  void add(const analyze::CoroutineWait& wait);

  // Frames without thread ids: recordings can be compared with each other then.
  Profile finish(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                 bool without_ids = false) const;
  // Of these tasks and processes alone.
  Profile finish(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                 const Chosen& chosen) const;

  [[nodiscard]] Kind kind() const { return kind_; }

 private:
  class Visitor;

  // `from` and what follows: the model, the task and the coroutine that was on top of it.
  std::uint32_t path_of(std::uint32_t from, const analyze::Task* task, const Top& top);
  // Its functions, outermost first; the path itself where they are not known.
  std::uint32_t in_stack(std::uint32_t path, analyze::StackNumber stack);
  std::uint32_t in_stacks(std::uint32_t path, const analyze::Stacks& stacks);
  // Parts of a span of time, each with who was on top. Only the first one counts as an interval.
  template <class Path>
  void add_span(const analyze::Interval& interval, const Path& go_on);
  [[nodiscard]] Top top_of(const analyze::Task* task) const;
  [[nodiscard]] bool is_wanted(const Top& top) const { return !only_ || top.wanted; }

  Kind kind_;
  CoroutineFilter only_;
  PathTable paths_;
  std::unordered_map<std::uint32_t, TopLog> tops_;  // of threads that run coroutines, by serial
  std::unordered_set<std::uint64_t> coroutines_;    // that have a frame of their own
  std::uint64_t unknown_ns_ = 0;
  bool any_stack_ = false;
};

}  // namespace triptych::profile
