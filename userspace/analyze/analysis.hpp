// SPDX-License-Identifier: Apache-2.0
//
// Turns events, in order of time, into a Summary: one pass, memory by the number of tasks, never of
// events.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "analyze/interval.hpp"
#include "analyze/summary.hpp"
#include "analyze/unwinder.hpp"
#include "base/error.hpp"
#include "model/data_quality.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"

namespace triptych::analyze {

struct Window {
  std::string
      from_mark;        // the begin (or point) mark at which counting starts; empty: the beginning
  std::string to_mark;  // the end (or point) mark at which it ends; empty: the end
};

inline constexpr std::uint64_t kDefaultSlowStepNs = 10'000'000;

class Analysis {
 public:
  // `slow_step_ns`: a coroutine that keeps its thread longer has blocked its event loop.
  // `intervals` and `coroutines` are called in push() and in finish(), if they are given.
  explicit Analysis(const model::Metadata& metadata, Window window = {},
                    std::uint64_t slow_step_ns = kDefaultSlowStepNs, IntervalSink intervals = {},
                    CoroutineSink coroutines = {});
  Analysis(Analysis&&) noexcept;
  Analysis& operator=(Analysis&&) noexcept;
  ~Analysis();

  // Copied stacks are unwound by it, as they come; it outlives the analysis. Without one they have
  // their innermost frame.
  void unwind_with(Unwinder& unwinder);

  void push(const model::Event& event);

  // When the recording began. Known from the first event on.
  [[nodiscard]] model::TimeNs begin_ns() const;
  // Null for one that was never met, and once finish() has been called.
  [[nodiscard]] const Task* find(model::TaskId id) const;

  // Fails when a mark of the window is not in the trace; the hint lists those that are. What the
  // source counted (losses, damage) is taken over; what only the analysis can see is added.
  Result<Summary> finish(const std::optional<model::Ending>& ending,
                         const model::DataQuality& source_quality, std::uint64_t stored_bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace triptych::analyze
