// SPDX-License-Identifier: Apache-2.0
//
// The part of the trace that is counted. The trackers follow the tasks' states through the whole
// trace, but count events while counting() and time spans as far as they are inside.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/ids.hpp"

namespace triptych::analyze {

class CountingWindow {
 public:
  void open(model::TimeNs ts_ns) { begin_ns_ = ts_ns; }
  void close(model::TimeNs ts_ns) { end_ns_ = ts_ns; }

  [[nodiscard]] bool opened() const { return begin_ns_ != kNever; }
  [[nodiscard]] bool closed() const { return end_ns_ != kNever; }
  [[nodiscard]] bool counting() const { return opened() && !closed(); }
  [[nodiscard]] model::TimeNs begin_ns() const { return begin_ns_; }
  [[nodiscard]] model::TimeNs end_ns() const { return end_ns_; }

  // How much of [from, to] is inside.
  [[nodiscard]] std::uint64_t inside(model::TimeNs from, model::TimeNs to) const {
    const model::TimeNs begin = std::max(from, begin_ns_);
    const model::TimeNs end = std::min(to, end_ns_);
    return end > begin ? end - begin : 0;
  }

 private:
  static constexpr model::TimeNs kNever = ~0ull;
  model::TimeNs begin_ns_ = kNever;
  model::TimeNs end_ns_ = kNever;
};

}  // namespace triptych::analyze
