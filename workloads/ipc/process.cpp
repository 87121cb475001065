// SPDX-License-Identifier: Apache-2.0
#include "workloads/ipc/link.hpp"

namespace triptych::workloads::ipc {
namespace {

// Links that could not be made are the cell's refusal.
Result<std::unique_ptr<Cell>> make(const Parameters& parameters,
                                   Result<Links> (*make_links)(const Options& options)) {
  const Options options = read_options(parameters);
  TRIPTYCH_TRY_ASSIGN(const Links links, make_links(options));
  return make_crew_cell(Model::kProcess, options, links);
}

}  // namespace

Result<std::unique_ptr<Cell>> make_process_pipe(const Parameters& parameters) {
  return make(parameters, make_pipes);
}

Result<std::unique_ptr<Cell>> make_process_fifo(const Parameters& parameters) {
  return make(parameters, make_fifos);
}

Result<std::unique_ptr<Cell>> make_process_socket(const Parameters& parameters) {
  return make(parameters, make_sockets);
}

Result<std::unique_ptr<Cell>> make_process_posix_queue(const Parameters& parameters) {
  return make(parameters, make_posix_queues);
}

Result<std::unique_ptr<Cell>> make_process_sysv_queue(const Parameters& parameters) {
  return make(parameters, make_sysv_queues);
}

Result<std::unique_ptr<Cell>> make_process_shared_memory(const Parameters& parameters) {
  return make(parameters,
              [](const Options& options) { return make_futex_rings(Model::kProcess, options); });
}

Result<std::unique_ptr<Cell>> make_process_eventfd(const Parameters& parameters) {
  return make(parameters, make_eventfd_rings);
}

}  // namespace triptych::workloads::ipc
