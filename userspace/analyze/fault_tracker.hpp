// SPDX-License-Identifier: Apache-2.0
//
// Counts page faults: by task, by address space, and, when they copied, on a fork's bill.
#pragma once

#include "analyze/address_spaces.hpp"
#include "analyze/counting_window.hpp"
#include "analyze/fork_tracker.hpp"
#include "analyze/stack_tracker.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class FaultTracker {
 public:
  FaultTracker(AddressSpaces& spaces, ForkTracker& forks, const CountingWindow& window,
               std::uint32_t page_size, const IntervalSink& intervals, StackTracker& stacks)
      : spaces_(spaces),
        forks_(forks),
        window_(window),
        page_size_(page_size),
        intervals_(intervals),
        stacks_(stacks) {}

  void on_fault(TaskRecord& task, const model::Event& event, const model::Fault& fault);

 private:
  AddressSpaces& spaces_;
  ForkTracker& forks_;
  const CountingWindow& window_;
  std::uint32_t page_size_;
  const IntervalSink& intervals_;
  StackTracker& stacks_;
};

}  // namespace triptych::analyze
