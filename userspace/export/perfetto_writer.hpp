// SPDX-License-Identifier: Apache-2.0
//
// The trace as a time line for Perfetto (ui.perfetto.dev). Slices of one track must not overlap,
// and packets of equal time count in the order in which they are written, so each track gets what
// cannot overlap: a thread has one track for its states and one each for its faults, its creations
// and its coroutines, and what was decided late has its own. docs/exports.md says what is shown
// where.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "export/perfetto_trace.hpp"
#include "export/writer.hpp"

namespace triptych::exports {

class PerfettoWriter : public Writer {
 public:
  // Null: stacks are left out.
  explicit PerfettoWriter(StackNames* names) : trace_(names) {}

  void begin(const model::Metadata& metadata, std::string& out) override;
  void write(const Context& context, const analyze::Interval& interval, std::string& out) override;
  void mark(const Context& context, const model::Event& event, const model::Mark& mark,
            std::string& out) override;
  [[nodiscard]] bool takes_moments() const override { return trace_.shows_stacks(); }
  void finish(const Context& context, const analyze::Summary& summary, std::string& out) override;

 private:
  struct Lane {
    TrackId track = 0;
    std::uint64_t coroutine = 0;  // that was there last
    model::TimeNs end_ns = 0;
  };
  struct Process {
    TrackId track = 0, fault_count = 0, copy_count = 0;
    std::vector<Lane> lanes;  // of its coroutines
    std::uint64_t faults = 0, copies = 0;
  };
  enum ThreadTrack : std::uint8_t { kStates, kLate, kFaults, kCreations, kCoroutines };
  struct Thread {
    model::Tid tid = 0;
    std::string name;                             // as it was told last
    std::string label, woken;                     // "sh 100", "wakes sh 100"
    std::array<TrackId, 5> tracks{};              // by ThreadTrack; 0: not described yet
    std::array<model::TimeNs, 5> slice_end_ns{};  // likewise, of the last slice
  };
  struct Cpu {
    TrackId track = 0;
    model::TimeNs end_ns = 0;  // of the last slice
    std::uint64_t sampled_ns = 0;
  };
  class Visitor;

  void start(const Context& context, std::string& out);
  // They are described when they are met first.
  Thread& thread_of(const analyze::Task& task, std::string& out);
  TrackId track_of(Thread& thread, ThreadTrack which, std::string& out);
  Process& process_of(const analyze::Task& task, std::string& out);
  TrackId lane_of(Process& process, const analyze::Interval& interval, std::uint64_t coroutine,
                  std::string& out);
  Cpu& cpu_of(std::uint32_t cpu, bool losses, std::string& out);

  PerfettoTrace trace_;
  model::Metadata metadata_;
  bool started_ = false;
  TrackId next_track_ = 1, all_cpus_ = 0;
  std::uint64_t next_flow_ = 1;
  std::unordered_map<std::uint32_t, Thread> threads_;  // by serial
  std::map<model::Tid, Process> processes_;            // by tgid
  std::map<std::uint32_t, Cpu> cpus_, cpu_losses_;     // by number
};

}  // namespace triptych::exports
