// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "workloads/io/io.hpp"

namespace triptych::workloads::io {

// A task of the model for each unit, which waits in a blocking call.
Result<std::unique_ptr<Cell>> make_blocking_cell(Model model, const Options& options);
// A task of the model for each CPU that may be used, which waits in an epoll loop for its units.
Result<std::unique_ptr<Cell>> make_epoll_cell(Model model, const Options& options);

}  // namespace triptych::workloads::io
