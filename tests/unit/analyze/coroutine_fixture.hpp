// SPDX-License-Identifier: Apache-2.0
//
// A thread whose coroutines and switches a test tells.
#pragma once

#include <cstdint>

#include "analyze_support.hpp"

namespace triptych::test {

using analyze::BlockedHow;
using analyze::BlockedLoop;
using analyze::Coroutine;
using analyze::Summary;
using model::CoroutineWhat;
using model::TaskId;

inline constexpr std::uint32_t kFunction = 1;

inline model::Coroutine coroutine(CoroutineWhat what, std::uint64_t id) {
  return {.id = id, .space = model::CoroutineSpace{1}, .function = kFunction, .what = what};
}

class CoroutineTest : public testing::Test {
 public:
  CoroutineTest() { thread_ = trace_.at(0us).cpu(0).launch("server", 100); }
  CoroutineTest& at(TraceBuilder::Ns time, CoroutineWhat what, std::uint64_t id) {
    trace_.at(time).emit(thread_, coroutine(what, id));
    return *this;
  }
  Summary analyze(TraceBuilder::Ns end) {
    AnalysisInput input;
    input.ending = ending_at(end);
    return analyze_events(trace_.events(), input);
  }
  static const Coroutine& row(const Summary& summary, std::uint64_t address) {
    static const Coroutine kNone;
    for (const Coroutine& each : summary.coroutines.rows) {
      if (each.address == address) return each;
    }
    ADD_FAILURE() << "no coroutine " << address;
    return kNone;
  }

  TraceBuilder trace_;
  TaskId thread_{};
};

}  // namespace triptych::test
