// SPDX-License-Identifier: Apache-2.0
//
// The parts of the report, in the order in which they are read. A part that has nothing to say
// returns a section without blocks, which is left out.
#pragma once

#include "report/document.hpp"
#include "report/view.hpp"

namespace triptych::report {

Section context_section(const View& view);  // what ran, where, how long, and whether to trust it
Section totals_section(const View& view);
Section tree_section(const View& view);           // processes and threads
Section tasks_section(const View& view);          // where each task's time went
Section preemption_section(const View& view);     // who ran instead of whom
Section latency_section(const View& view);        // how long tasks waited to run, and then ran
Section stacks_section(const View& view);         // in which functions
Section faults_section(const View& view);         // page faults of each address space
Section forks_section(const View& view);          // what each fork cost
Section coroutines_section(const View& view);     // where each coroutine's time went
Section blocked_loops_section(const View& view);  // who kept a thread from all others
Section event_loops_section(const View& view);    // what the threads with coroutines did
Section marks_section(const View& view);
Section audit_section(const View& view);       // recorded against the kernel's own counts
Section quality_section(const View& view);     // what is missing or damaged
Section provenance_section(const View& view);  // how it was recorded

}  // namespace triptych::report
