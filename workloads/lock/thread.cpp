// SPDX-License-Identifier: Apache-2.0
#include "workloads/lock/crew_cell.hpp"

namespace triptych::workloads::lock {

Result<std::unique_ptr<Cell>> make_threads(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, read_options(parameters));
}

}  // namespace triptych::workloads::lock
