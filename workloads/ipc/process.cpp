// SPDX-License-Identifier: Apache-2.0
#include "workloads/ipc/link.hpp"

namespace triptych::workloads::ipc {
Result<std::unique_ptr<Cell>> make_process_pipe(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_pipes);
}

Result<std::unique_ptr<Cell>> make_process_fifo(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_fifos);
}

Result<std::unique_ptr<Cell>> make_process_socket(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_sockets);
}

Result<std::unique_ptr<Cell>> make_process_posix_queue(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_posix_queues);
}

Result<std::unique_ptr<Cell>> make_process_sysv_queue(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_sysv_queues, 1);
}

Result<std::unique_ptr<Cell>> make_process_shared_memory(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, [](const Options& options) {
    return make_futex_rings(Model::kProcess, options);
  });
}

Result<std::unique_ptr<Cell>> make_process_eventfd(const Parameters& parameters) {
  return make_crew_cell(Model::kProcess, parameters, make_eventfd_rings);
}

}  // namespace triptych::workloads::ipc
