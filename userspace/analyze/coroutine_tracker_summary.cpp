// SPDX-License-Identifier: Apache-2.0
//
// What the tracker leaves behind, once all has been seen.
#include <algorithm>
#include <utility>

#include "analyze/coroutine_tracker.hpp"

namespace triptych::analyze {

void CoroutineTracker::finish(model::TimeNs end_ns, Summary& summary) {
  Coroutines& out = summary.coroutines;
  for (const auto& thread : threads_) {
    charge(*thread, end_ns);
    // No switch follows that could prove it.
    settle_untold(*thread);
    settle_on_cpu(*thread, false);
    if (window_.counting()) computed(*thread, end_ns);
    tell_top(*thread);
    thread->loop.end_ns = end_ns;
    out.loops.push_back(thread->loop);
  }
  for (const auto& [key, row] : living_) {
    count_wait(*row, end_ns);
    if (row->coroutine.finished) row->coroutine.ended_ns = row->finished_ns;
    kept_.push_back(row);
  }
  out.slow_step_ns = slow_step_ns_;
  out.recorded = !spaces_.empty() || !threads_.empty();
  out.ends_unseen = ends_unseen_;
  out.lost = lost_;
  out.budget_ended_ns = budget_ended_ns_;
  out.count = next_number_ - 1;
  out.omitted = omitted_;
  for (const auto& [number, space] : spaces_) out.spaces.push_back(space);
  for (const auto& [number, function] : functions_) {
    out.functions.push_back(function);
    out.switches += function.counts.resumed;
  }
  for (const RowPointer& row : kept_) out.rows.push_back(row->coroutine);
  const auto longest_first = [](const auto& a, const auto& b) {
    if (a.times.mounted_ns != b.times.mounted_ns) return a.times.mounted_ns > b.times.mounted_ns;
    return a.number < b.number;
  };
  std::sort(out.functions.begin(), out.functions.end(), longest_first);
  std::sort(out.rows.begin(), out.rows.end(), longest_first);
  out.blocked = std::move(blocks_);
  std::stable_sort(
      out.blocked.begin(), out.blocked.end(), [](const BlockedLoop& a, const BlockedLoop& b) {
        const double left = static_cast<double>(a.duration_ns) * static_cast<double>(a.delayed + 1);
        const double right =
            static_cast<double>(b.duration_ns) * static_cast<double>(b.delayed + 1);
        return left != right ? left > right : a.begin_ns < b.begin_ns;
      });
}

}  // namespace triptych::analyze
