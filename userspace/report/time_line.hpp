// SPDX-License-Identifier: Apache-2.0
//
// What CPUs and tasks did over time, added up in columns that are as wide as the recording needs:
// memory by the number of lanes, whatever the number of events and however long it took.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyze/interval.hpp"
#include "report/document.hpp"
#include "report/view.hpp"

namespace triptych::report {

// One thing over time. Times of tasks that ran side by side are added up.
struct Lane {
  std::string name;
  std::uint32_t task = 0;  // serial; 0: of none
  std::size_t first = 0;   // column of the first of `columns`
  std::vector<StateTimes> columns;
};

// What happened at one moment, or for some time.
struct Happening {
  std::uint64_t from_ns = 0, to_ns = 0;  // since the beginning of the reported time
  std::string what;
};
enum class HappeningKind : std::uint8_t { kMarks, kLosses, kBlockedLoops };
struct Happenings {
  HappeningKind kind{};
  std::vector<Happening> items;
  std::size_t left_out = 0;
};

struct TimeLine {
  std::uint64_t column_ns = 0;
  std::uint64_t skipped_ns = 0;  // so much of the first column is before the beginning
  std::uint64_t duration_ns = 0;
  std::size_t columns = 0;
  std::optional<Lane> all;  // all tasks together
  std::vector<Lane> cpus, tasks;
  std::size_t cpus_left_out = 0, tasks_left_out = 0;
  // Of those left out, as busy as one that is shown: they had long been idle while many others ran.
  std::size_t busy_left_out = 0;
  std::vector<Happenings> happenings;  // none that is empty
};

// How much of a column lies in the reported time.
std::uint64_t column_length(const TimeLine& line, std::size_t column);

// Lanes by number, in columns of 2^shift nanoseconds since the clock began.
class LaneTable {
 public:
  struct Lane {
    std::uint64_t first = 0;
    std::vector<StateTimes> columns;
    StateTimes total{};
  };

  void add(std::uint32_t number, TaskState state, model::TimeNs begin_ns, model::TimeNs end_ns,
           unsigned shift);
  void halve();  // the shift grew by one
  [[nodiscard]] const Lane* find(std::uint32_t number) const;
  [[nodiscard]] const std::unordered_map<std::uint32_t, Lane>& lanes() const { return lanes_; }
  [[nodiscard]] bool was_dropped(std::uint32_t number) const { return dropped_.count(number) != 0; }

 private:
  void drop_idlest();

  std::unordered_map<std::uint32_t, Lane> lanes_;
  std::unordered_set<std::uint32_t> dropped_;
};

class TimeLineBuilder {
 public:
  static constexpr std::size_t kColumns = 1024;  // at most, and at least half of it

  void add(const analyze::Interval& interval);
  // None when nothing was told of: a trace of summaries, or one without switches.
  [[nodiscard]] std::optional<TimeLine> finish(const View& view);

 private:
  void make_room(model::TimeNs begin_ns, model::TimeNs end_ns);
  void add_cpus(std::uint64_t first, TimeLine& line) const;
  void add_tasks(const View& view, std::uint64_t first, TimeLine& line) const;

  unsigned shift_ = 10;
  std::optional<std::uint64_t> first_ns_;
  std::uint64_t last_ns_ = 0;
  LaneTable all_, cpus_, tasks_;
};

}  // namespace triptych::report
