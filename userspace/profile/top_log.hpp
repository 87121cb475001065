// SPDX-License-Identifier: Apache-2.0
//
// Which coroutine was on top of a thread when, until the thread's states of that time are told. A
// thread that changes coroutines very often within one state is remembered by sums.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <tuple>

#include "model/ids.hpp"

namespace triptych::profile {

struct Top {
  bool known = true;
  bool any = false;     // a coroutine was on top
  bool wanted = false;  // it is among those that are asked for
  std::uint32_t function = 0;
  bool operator==(const Top&) const = default;
  bool operator<(const Top& other) const {
    return std::tie(known, any, wanted, function) <
           std::tie(other.known, other.any, other.wanted, other.function);
  }
};

class TopLog {
 public:
  // The thread's states are told from there on.
  explicit TopLog(model::TimeNs begin_ns) : entries_{{begin_ns, Top{}}} {}

  // In order of time.
  void change(model::TimeNs ts_ns, const Top& top);
  [[nodiscard]] const Top& now() const { return entries_.back().top; }

  // Calls each(top, ns) for the parts of this time, which is then forgotten.
  template <class Each>
  void take(model::TimeNs from_ns, model::TimeNs to_ns, const Each& each);

 private:
  static constexpr std::size_t kMostEntries = 8192;
  struct Entry {
    model::TimeNs since_ns = 0;
    Top top;
  };
  void sum_up();

  std::deque<Entry> entries_;             // never empty; the last one holds
  model::TimeNs taken_ns_ = 0;            // up to there, or later
  model::TimeNs sums_begin_ns_ = 0;       // up to the first entry
  std::map<Top, std::uint64_t> sums_ns_;  // of that time
};

template <class Each>
void TopLog::take(model::TimeNs from_ns, model::TimeNs to_ns, const Each& each) {
  const model::TimeNs begin_ns = sums_ns_.empty() ? entries_.front().since_ns : sums_begin_ns_;
  Top unknown;
  unknown.known = false;
  const auto known_from = [&](model::TimeNs ns) {
    if (from_ns >= ns) return;
    each(unknown, std::min(to_ns, ns) - from_ns);
    from_ns = std::min(to_ns, ns);
  };
  known_from(begin_ns);
  if (!sums_ns_.empty() && from_ns < entries_.front().since_ns) {
    if (from_ns == begin_ns && to_ns >= entries_.front().since_ns) {
      for (const auto& [top, ns] : sums_ns_) each(top, ns);
      from_ns = entries_.front().since_ns;
    } else {
      known_from(entries_.front().since_ns);
    }
    if (to_ns >= entries_.front().since_ns) sums_ns_.clear();
  }
  for (std::size_t i = 0; i < entries_.size() && from_ns < to_ns; ++i) {
    const bool last = i + 1 == entries_.size();
    const model::TimeNs end_ns = last ? to_ns : std::min(to_ns, entries_[i + 1].since_ns);
    if (end_ns <= from_ns) continue;
    each(entries_[i].top, end_ns - from_ns);
    from_ns = end_ns;
  }
  if (to_ns <= taken_ns_) return;
  taken_ns_ = to_ns;
  if (!sums_ns_.empty()) return;
  while (entries_.size() > 1 && entries_[1].since_ns <= to_ns) entries_.pop_front();
}

}  // namespace triptych::profile
