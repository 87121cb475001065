// SPDX-License-Identifier: Apache-2.0
#include "workloads/io/crew_cell.hpp"

namespace triptych::workloads::io {

Result<std::unique_ptr<Cell>> make_blocking_threads(const Parameters& parameters) {
  return make_blocking_cell(Model::kThread, read_options(parameters));
}

Result<std::unique_ptr<Cell>> make_epoll_threads(const Parameters& parameters) {
  return make_epoll_cell(Model::kThread, read_options(parameters));
}

}  // namespace triptych::workloads::io
