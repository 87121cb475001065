// SPDX-License-Identifier: Apache-2.0
//
// Who reads the programs' files for us, and with whose rights.
#pragma once

#include <memory>

#include "base/error.hpp"
#include "coroutine/discover/needs.hpp"
#include "coroutine/reader/libraries.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "launch/user.hpp"

namespace triptych::record {

// With the rights of `user`; where that is root, with nobody's. Only while this process has one
// thread.
Result<std::unique_ptr<coroutine::reader::ProgramReader>> start_reader(const launch::User& user);

// The libraries of a command that `user` runs, which are opened with his rights: files name them.
void for_each_library_of(const launch::User& user, const std::string& program,
                         const coroutine::discover::Needs& needs,
                         const coroutine::reader::LookIntoLibrary& look);

}  // namespace triptych::record
