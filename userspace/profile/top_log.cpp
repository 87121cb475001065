// SPDX-License-Identifier: Apache-2.0
#include "profile/top_log.hpp"

#include <algorithm>

namespace triptych::profile {

void TopLog::change(model::TimeNs ts_ns, const Top& top) {
  ts_ns = std::max(ts_ns, entries_.back().since_ns);
  if (entries_.back().since_ns == ts_ns) {
    entries_.back().top = top;
    return;
  }
  entries_.push_back({ts_ns, top});
  if (entries_.size() > kMostEntries) sum_up();
}

void TopLog::sum_up() {
  if (sums_ns_.empty()) sums_begin_ns_ = std::max(entries_.front().since_ns, taken_ns_);
  while (entries_.size() > kMostEntries / 2) {
    const model::TimeNs from_ns = std::max(entries_[0].since_ns, sums_begin_ns_);
    const model::TimeNs to_ns = entries_[1].since_ns;
    if (to_ns > from_ns) sums_ns_[entries_[0].top] += to_ns - from_ns;
    entries_.pop_front();
  }
}

}  // namespace triptych::profile
