// SPDX-License-Identifier: Apache-2.0
//
// The marks of the trace, and the window that two of them make.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyze/analysis.hpp"
#include "analyze/counting_window.hpp"
#include "analyze/task_record.hpp"

namespace triptych::analyze {

// The task that issued a border of the window, and its counters then.
struct Border {
  model::TaskId task{};
  model::Counters counters;
  std::uint64_t faults = 0;
};

class MarkTracker {
 public:
  MarkTracker(Window wanted, CountingWindow& counting);

  void on_mark(const model::Event& event, const model::Mark& mark, const TaskRecord* task);

  // Of a window whose marks were not all found.
  [[nodiscard]] std::optional<Error> missing() const;

  [[nodiscard]] const Window& wanted() const { return wanted_; }
  [[nodiscard]] model::TimeNs begin_ns() const { return counting_.begin_ns(); }
  [[nodiscard]] const std::optional<Border>& from() const { return from_; }
  [[nodiscard]] const std::optional<Border>& to() const { return to_; }
  [[nodiscard]] std::vector<MarkPoint> take_marks() { return std::move(marks_); }

 private:
  Window wanted_;
  CountingWindow& counting_;
  std::optional<Border> from_, to_;
  std::vector<MarkPoint> marks_;
  std::set<std::string> names_;
};

}  // namespace triptych::analyze
