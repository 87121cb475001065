// SPDX-License-Identifier: Apache-2.0
//
// From what the trackers know to the Summary: selects, sorts and adds up.
#pragma once

#include "analyze/address_spaces.hpp"
#include "analyze/task_table.hpp"

namespace triptych::analyze {

// Moves the tasks out of the table: those that lived in [begin_ns, end_ns], by start, strangers
// last.
void build_tasks(const TaskTable& table, model::TimeNs begin_ns, model::TimeNs end_ns,
                 Summary& summary);

// Each task's, by its event loop. Call it before build_tasks.
void credit_coroutine_switches(TaskTable& table, const Summary& summary);

// Moves the address spaces out that lived in [begin_ns, end_ns]. Call it before build_tasks: names
// of address spaces come from tasks.
void build_address_spaces(const AddressSpaces& spaces, const TaskTable& table,
                          model::TimeNs begin_ns, model::TimeNs end_ns, Summary& summary);

}  // namespace triptych::analyze
