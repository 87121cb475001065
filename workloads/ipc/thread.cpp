// SPDX-License-Identifier: Apache-2.0
#include "workloads/ipc/link.hpp"

namespace triptych::workloads::ipc {
Result<std::unique_ptr<Cell>> make_thread_queue(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters, make_locked_queues);
}

Result<std::unique_ptr<Cell>> make_thread_futex(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters, [](const Options& options) {
    return make_futex_rings(Model::kThread, options);
  });
}

Result<std::unique_ptr<Cell>> make_thread_pipe(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters, make_pipes);
}

Result<std::unique_ptr<Cell>> make_thread_socket(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters, make_sockets);
}

Result<std::unique_ptr<Cell>> make_thread_eventfd(const Parameters& parameters) {
  return make_crew_cell(Model::kThread, parameters, make_eventfd_rings);
}

}  // namespace triptych::workloads::ipc
