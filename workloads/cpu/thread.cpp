// SPDX-License-Identifier: Apache-2.0
#include "workloads/cpu/cpu.hpp"

namespace triptych::workloads::cpu {

Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters);
}

}  // namespace triptych::workloads::cpu
