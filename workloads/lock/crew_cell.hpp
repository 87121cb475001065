// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "workloads/lock/lock.hpp"

namespace triptych::workloads::lock {

// The cell of processes or of threads; the model decides where the locks may be seen from.
Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Options& options);

}  // namespace triptych::workloads::lock
