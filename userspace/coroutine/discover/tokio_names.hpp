// SPDX-License-Identifier: Apache-2.0
//
// Which tasks a Rust program has: their types, as symbols and tables of functions spell them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "coroutine/discover/symbols.hpp"

namespace triptych::coroutine::discover {

// A type of task: the functions of its table.
struct TokioTask {
  std::string name;  // empty: not known
  CodeRange poll;
  CodeRange complete;        // is entered when it is over; no size: not found
  bool is_blocking = false;  // a function that has a thread for itself, as tokio's own workers do
};

// Of tokio's task::raw::poll, each that is in a table.
Result<std::vector<TokioTask>> tokio_tasks(const probes::ElfFile& file);

// "core..ptr..drop_in_place$LT$tk..run..$u7b$$u7b$closure$u7d$$u7d$$GT$" is
// "core::ptr::drop_in_place<tk::run::{{closure}}>": how compilers write what a name must not have.
std::string readable_rust_name(std::string_view written);

// What is dropped with a task, by the symbol of the function that does: of
// "_ZN4core3ptr…drop_in_place$LT$tokio..runtime..task..core..Cell$LT$TASK$C$…" TASK, readable.
std::string task_of_drop(std::string_view symbol);

// The newer way to write names, readable: of "tokio::runtime::task::raw::poll::<TASK, SCHEDULER>"
// TASK.
std::string task_of_poll(std::string_view readable);

}  // namespace triptych::coroutine::discover
