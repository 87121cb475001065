// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <string>
#include <vector>

#include "analyze/analysis.hpp"
#include "model/event.hpp"
#include "model/metadata.hpp"
#include "probe/attach_plan.hpp"

namespace triptych::test {

struct Recorded {
  int wait_status = 0;
  rusage usage{};                    // of the scenario, as the kernel tells its parent
  std::vector<model::Event> events;  // in order of time
  model::Metadata metadata;
  model::Ending ending;

  // Of the whole recording, or of what lies between the scenario's marks.
  [[nodiscard]] analyze::Summary summary() const;
  [[nodiscard]] analyze::Summary marked() const;

  // All events of one kind.
  template <class Payload>
  [[nodiscard]] std::vector<std::pair<model::Event, Payload>> all() const {
    std::vector<std::pair<model::Event, Payload>> found;
    for (const model::Event& event : events) {
      if (const auto* payload = std::get_if<Payload>(&event.payload)) {
        found.emplace_back(event, *payload);
      }
    }
    return found;
  }
};

struct RecordOptions {
  probe::EventSet events;
  std::vector<std::string> without_hooks;
  std::uint64_t buffer_bytes = 64ull << 20;
  bool summary_only = false;
  probe::StackSet stacks;
  std::uint64_t sample_period_ns = 10'000'000;
  bool drain = true;  // false: the rings are read at the end only
};

// Runs `bpf_scenarios NAME N` under a session of its own. Fails the test, or skips it with the
// reason, when that is not possible; check with HasFatalFailure() || IsSkipped().
void record_scenario(const std::string& name, std::size_t n, Recorded* recorded,
                     const RecordOptions& options = {});

bool kernel_at_least(unsigned major, unsigned minor);

// True when the kernel has what `hook` needs.
bool kernel_has(const std::string& hook);

#define TRIPTYCH_RECORD(name, n, ...)                                   \
  ::triptych::test::Recorded recorded;                                  \
  ::triptych::test::record_scenario(name, n, &recorded, ##__VA_ARGS__); \
  if (HasFatalFailure() || IsSkipped()) return

}  // namespace triptych::test
