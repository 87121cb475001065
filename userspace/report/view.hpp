// SPDX-License-Identifier: Apache-2.0
//
// What of a summary is looked at, and what it can say at all. Shared by the builders of the text
// report and by the JSON report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyze/summary.hpp"
#include "base/error.hpp"
#include "model/ids.hpp"

namespace triptych::symbol::resolve {
class Resolver;
}

namespace triptych::report {

enum class Sort : std::uint8_t { kOnCpu, kRunnable, kBlocked, kSwitches, kFaults, kStart };

// "on-cpu", "runnable", "blocked", "switches", "faults", "start"
std::optional<Sort> parse_sort(std::string_view word);

struct ViewOptions {
  std::optional<model::Tid> tid;
  std::string process;   // a process id, or a name that any task of the process had
  std::size_t top = 20;  // rows of each table; 0: all
  Sort sort = Sort::kOnCpu;
  symbol::resolve::Resolver* resolver =
      nullptr;  // outlives the view; none: functions have no names
};

// What was recorded at all. A figure whose events were not asked for, or that needs more than the
// summary mode keeps, is not zero but not available.
struct Available {
  bool switches = true;  // counts and times on and off the CPU
  bool wakeups = true;
  bool faults = true;
  bool fork_calls = true;  // how long the call took
  bool page_table_copies = true;
  bool kernel_taken_faults = true;
  bool event_stream = true;  // false in summary mode: nothing that needs an order of events

  explicit Available(const analyze::Summary& summary);
};

// Events that the recording lost, of all kinds.
std::uint64_t lost_events(const model::DataQuality& quality);

// One reader's view of a summary, which must outlive it.
class View {
 public:
  // Fails when no recorded task matches; the hint says which there are.
  static Result<View> make(const analyze::Summary& summary, ViewOptions options = {});

  [[nodiscard]] const analyze::Summary& summary() const { return *summary_; }
  [[nodiscard]] const ViewOptions& options() const { return options_; }
  [[nodiscard]] const Available& available() const { return available_; }
  [[nodiscard]] bool narrowed() const {
    return options_.tid.has_value() || !options_.process.empty();
  }

  // Sums over tasks(), and over the creations that are theirs.
  [[nodiscard]] const analyze::Totals& totals() const { return totals_; }
  [[nodiscard]] const analyze::Audit& audit() const { return audit_; }

  // Recorded tasks of the view, in order of start.
  [[nodiscard]] const std::vector<const analyze::Task*>& tasks() const { return tasks_; }
  // As tasks(), the most interesting first, as the options say.
  [[nodiscard]] std::vector<const analyze::Task*> sorted_tasks() const;
  [[nodiscard]] std::vector<const analyze::AddressSpace*> address_spaces() const;
  [[nodiscard]] std::vector<const analyze::Fork*> forks() const;
  [[nodiscard]] std::vector<const analyze::MarkPoint*> marks() const;

  // Any task of the summary, strangers included; null when it is not known.
  [[nodiscard]] const analyze::Task* find(model::TaskId id) const;
  [[nodiscard]] bool contains(model::TaskId id) const;  // is one of tasks()

  // How many of `count` rows a table shows.
  [[nodiscard]] std::size_t shown(std::size_t count) const;

 private:
  explicit View(const analyze::Summary& summary, ViewOptions options);
  void add_up();

  const analyze::Summary* summary_;
  ViewOptions options_;
  Available available_;
  std::vector<const analyze::Task*> tasks_;
  analyze::Totals totals_;
  analyze::Audit audit_;
  std::unordered_map<std::uint32_t, const analyze::Task*> by_id_;
  std::unordered_set<std::uint32_t> selected_;  // ids, when narrowed
};

// What a fork cost: its call, and the copies that followed (ns).
inline std::uint64_t price(const analyze::Fork& fork) {
  return fork.duration_ns.value_or(0) + fork.cow_parent.time_ns + fork.cow_child.time_ns;
}

}  // namespace triptych::report
