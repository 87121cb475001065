// SPDX-License-Identifier: Apache-2.0
#include "cli/names_of_trace.hpp"

#include "analyze/analysis.hpp"
#include "cli/input.hpp"

namespace triptych::cli {

// An analysis gives stacks the same numbers whenever it reads the same events and tells intervals,
// since those have the stacks.
Result<void> NamesOfTrace::read() {
  TRIPTYCH_TRY_ASSIGN(auto source, open_trace(path_, true));
  analyze::Analysis analysis(source->metadata(), {}, analyze::kDefaultSlowStepNs,
                             [](const analyze::Interval&) {});
  symbol::resolve::RememberedUnwinds::Reading unwinder(unwinds_);
  analysis.unwind_with(unwinder);
  TRIPTYCH_TRY(read_all(*source, [&analysis](const model::Event& event) -> Result<void> {
    analysis.push(event);
    return {};
  }));
  TRIPTYCH_TRY_ASSIGN(summary_,
                      analysis.finish(source->ending(), source->quality(), source->stored_bytes()));
  resolver_.emplace(*summary_->stacks.table, names_);
  return {};
}

const symbol::resolve::FrameList& NamesOfTrace::frames(analyze::StackNumber stack) {
  if (!read_) {
    read_ = true;
    result_ = read();
  }
  return resolver_ ? resolver_->frames(stack) : none_;
}

}  // namespace triptych::cli
