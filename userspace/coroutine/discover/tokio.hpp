// SPDX-License-Identifier: Apache-2.0
//
// Tasks of tokio in a Rust program that says nothing of them: each type of task has a function that
// polls it, reached through a table, and one that is entered when it is over.
#pragma once

#include "base/error.hpp"
#include "coroutine/discover/discovery.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

Result<Discovery> discover_tokio(const probes::ElfFile& file);

}  // namespace triptych::coroutine::discover
