// SPDX-License-Identifier: Apache-2.0
//
// Sums over the recorded tasks of a summary: all of them, or some that a reader has chosen. Of
// creations those count that the chosen tasks made.
#pragma once

#include <functional>

#include "analyze/summary.hpp"

namespace triptych::analyze {

using Chosen = std::function<bool(model::TaskId)>;  // empty: all

Totals totals_of(const Summary& summary, const Chosen& chosen = {});

// The tasks' verdicts added up, into what `audit` says of the recording as a whole.
void add_task_audits(const Summary& summary, Audit& audit);

// The audit of some tasks: nobody counts independently what a part of the target did.
Audit audit_of(const Summary& summary, const Chosen& chosen);

}  // namespace triptych::analyze
