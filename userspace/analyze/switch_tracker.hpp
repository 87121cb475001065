// SPDX-License-Identifier: Apache-2.0
//
// Where each task's time went: on a CPU, waiting for one, blocked, or unknown. A span is only
// counted when the record that ends it proves, by the kernel's own switch count, that nothing was
// missed since it began; otherwise it is unknown from the first loss on, or, when no loss explains
// it, entirely.
#pragma once

#include <vector>

#include "analyze/counting_window.hpp"
#include "analyze/span_ledger.hpp"
#include "analyze/task_table.hpp"
#include "model/data_quality.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class SwitchTracker {
 public:
  SwitchTracker(TaskTable& tasks, const LossTracker& losses, const CountingWindow& window,
                model::DataQuality& quality, const Recorded& recorded,
                const IntervalSink& intervals, StackTracker& stacks)
      : tasks_(tasks),
        window_(window),
        quality_(quality),
        spans_(losses, window, quality, recorded.wakeups, intervals, stacks),
        stacks_(stacks),
        switches_recorded_(recorded.switches && !recorded.summaries),
        wakeups_recorded_(recorded.wakeups) {}

  void on_switch(const model::Event& event, const model::Switch& change);
  void on_wakeup(const model::Event& event, const model::Wakeup& wakeup);
  void on_arrival(const model::Event& event, const model::Arrival& arrival);

  // Created by `event`: it waits for its first wakeup.
  void on_birth(TaskRecord& record);
  void on_baseline(TaskRecord& record, const model::Counters& counters);
  // The command, at its exec: its first slice is reckoned from there.
  void on_launch(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu);
  // Attached to, while it did what `seen` says.
  void on_attach(TaskRecord& record, model::TimeNs ts_ns, const model::TaskSeen& seen);
  // The event was written by this very task: at that moment it ran there.
  void on_running(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu);
  void on_end(TaskRecord& record, model::TimeNs ts_ns, const model::TaskEnd& end);

  // It was freed, so it has ended, whether that was seen or not.
  void on_gone(TaskRecord& record, model::TimeNs ts_ns);

  // Closes every span.
  void finish(model::TimeNs end_ns);

  // Time of the last event on each CPU, for those that are looked at here; 0: there was none.
  [[nodiscard]] std::vector<model::TimeNs> cpu_last_ns(std::size_t at_least) const;

 private:
  struct Cpu {
    TaskRecord* current = nullptr;  // a recorded task that was seen coming in, and not going
    model::TimeNs last_ns = 0;
  };

  Cpu& cpu_at(std::uint16_t cpu, model::TimeNs ts_ns);
  TaskRecord* subject(model::TaskId id, model::TimeNs ts_ns, bool target);
  void leave(TaskRecord& record, const model::Event& event, const model::Switch& change);
  void enter(TaskRecord& record, const model::Event& event, const model::Switch& change);
  void displaced(TaskRecord& record);
  void die(TaskRecord& record, model::TimeNs ts_ns);
  void count_out(TaskRecord& record, const model::Switch& change);

  void end_slice(TaskRecord& record, model::TimeNs ts_ns);
  void add_wait(TaskRecord& record, std::uint64_t waited_ns, bool by_account);
  void begin_slice(TaskRecord& record, model::TimeNs ts_ns, std::uint16_t cpu);

  // What the scheduler's own account says of a task that comes in, or had come in, untold.
  void wake_by_account(TaskRecord& record, model::TimeNs ts_ns);
  bool enter_by_account(TaskRecord& record, const model::Event& event, bool follows);
  // It ran, and no account tells since when.
  void admit_running(TaskRecord& record);

  [[nodiscard]] WakerChain wakers_of(const model::Wakeup& wakeup) const;

  void sequence_gap(TaskRecord& record);
  void conflict(const TaskRecord& record);

  TaskTable& tasks_;
  const CountingWindow& window_;
  model::DataQuality& quality_;
  SpanLedger spans_;
  StackTracker& stacks_;
  // Without switches every state is unknown; the last switch of a task is recorded all the same.
  const bool switches_recorded_;
  const bool wakeups_recorded_;
  std::vector<Cpu> cpus_;
};

}  // namespace triptych::analyze
