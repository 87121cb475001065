// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "analyze/analysis.hpp"
#include "support/trace_builder.hpp"

namespace triptych::test {

struct AnalysisInput {
  model::Metadata metadata;
  analyze::Window window;
  std::optional<model::Ending> ending;
  model::DataQuality quality;
};

inline Result<analyze::Summary> try_analyze(const std::vector<model::Event>& events,
                                            const AnalysisInput& input = {}) {
  analyze::Analysis analysis(input.metadata, input.window);
  for (const model::Event& event : events) analysis.push(event);
  return analysis.finish(input.ending, input.quality, 0);
}

inline analyze::Summary analyze_events(const std::vector<model::Event>& events,
                                       const AnalysisInput& input = {}) {
  Result<analyze::Summary> summary = try_analyze(events, input);
  EXPECT_TRUE(summary.has_value()) << summary.error().message;
  return summary ? std::move(*summary) : analyze::Summary{};
}

inline model::Ending ending_at(TraceBuilder::Ns time) {
  model::Ending ending;
  ending.end_ns = static_cast<model::TimeNs>(time.count());
  return ending;
}

inline const analyze::Task* find_task(const analyze::Summary& summary, model::TaskId id) {
  for (const analyze::Task& task : summary.tasks) {
    if (task.id == id) return &task;
  }
  return nullptr;
}

inline const analyze::Task& task_of(const analyze::Summary& summary, model::TaskId id) {
  static const analyze::Task kNone;
  const analyze::Task* task = find_task(summary, id);
  EXPECT_NE(task, nullptr) << "no task " << static_cast<std::uint32_t>(id);
  return task == nullptr ? kNone : *task;
}

inline const analyze::Fork* find_fork(const analyze::Summary& summary, model::TaskId child) {
  for (const analyze::Fork& fork : summary.forks) {
    if (fork.child == child) return &fork;
  }
  return nullptr;
}

inline const analyze::AddressSpace* find_space(const analyze::Summary& summary, model::MmId id) {
  for (const analyze::AddressSpace& space : summary.address_spaces) {
    if (space.id == id) return &space;
  }
  return nullptr;
}

inline std::uint64_t accounted_ns(const analyze::Task& task) {
  return task.on_cpu_ns + task.runnable_ns + task.blocked_ns + task.unknown_ns;
}

inline std::uint64_t count_of(const analyze::FaultCounts& counts, analyze::FaultKind kind) {
  return counts.by_kind[static_cast<std::size_t>(kind)];
}

}  // namespace triptych::test
