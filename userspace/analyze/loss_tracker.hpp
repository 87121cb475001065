// SPDX-License-Identifier: Apache-2.0
//
// When records were lost, by class and CPU. The other trackers ask it where a doubtful span begins;
// what was not lost by then is proven.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyze/summary.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

// Times in order and apart. When there are too many, neighbours are joined: more time is then in
// doubt than need be, never less.
class RangeSet {
 public:
  void insert(model::TimeNs first_ns, model::TimeNs last_ns);
  // The beginning of the first range that is not over before `since_ns`, but not before it.
  [[nodiscard]] std::optional<model::TimeNs> first(model::TimeNs since_ns) const;

 private:
  static constexpr std::size_t kMaxRanges = 4096;
  struct Range {
    model::TimeNs first_ns, last_ns;
  };
  std::vector<Range> ranges_;
};

class LossTracker {
 public:
  void on_lost(std::uint16_t cpu, const model::Lost& lost);

  // Losses that no record tells of, because none followed them: everything of this class from
  // cpu_from_ns[cpu] to the end is in doubt, for each CPU.
  void doubt_tail(model::LossClass loss, const std::vector<model::TimeNs>& cpu_from_ns,
                  model::TimeNs end_ns);

  [[nodiscard]] std::optional<model::TimeNs> first(model::LossClass loss,
                                                   model::TimeNs since_ns) const;
  [[nodiscard]] std::optional<model::TimeNs> first_on(std::uint16_t cpu, model::LossClass loss,
                                                      model::TimeNs since_ns) const;

  // Told of by the recorder.
  [[nodiscard]] std::uint64_t count(model::LossClass loss) const {
    return counts_[static_cast<std::size_t>(loss)];
  }
  // In damaged parts of the file.
  struct Missing {
    std::uint64_t known = 0;
    bool perhaps_more = false;
  };
  [[nodiscard]] const Missing& missing(model::LossClass loss) const {
    return missing_[static_cast<std::size_t>(loss)];
  }
  [[nodiscard]] std::vector<LossRange> take_ranges() { return std::move(ranges_); }

 private:
  using ByClass = std::array<RangeSet, model::kLossClasses>;
  struct Cpu {
    ByClass ranges;
    std::optional<std::size_t> last_kept;  // position in ranges_
  };
  void keep(std::uint16_t cpu, const model::Lost& lost);

  ByClass all_;
  std::map<std::uint16_t, Cpu> by_cpu_;
  std::array<std::uint64_t, model::kLossClasses> counts_{};
  std::array<Missing, model::kLossClasses> missing_{};
  std::vector<LossRange> ranges_;
};

}  // namespace triptych::analyze
