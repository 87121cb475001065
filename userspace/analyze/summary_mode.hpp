// SPDX-License-Identifier: Apache-2.0
//
// Traces of summaries: the kernel side has added up each task's time line by itself. What needs the
// states of several tasks at once (preemptors, address spaces, bills of forks) is not in them.
#pragma once

#include "analyze/task_record.hpp"

namespace triptych::analyze {

// Takes the task's last summary for its times, counts and histograms. What it does not cover of the
// task's life is unknown. Adds the copies it tells of to `copies`.
void apply_summary(TaskRecord& record, model::TimeNs end_ns, std::uint32_t page_size,
                   CowBill& copies);

}  // namespace triptych::analyze
