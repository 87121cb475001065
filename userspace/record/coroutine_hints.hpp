// SPDX-License-Identifier: Apache-2.0
//
// Which coroutines of a program are not recorded unless they are asked for by name.
#pragma once

#include <string>

#include "coroutine/reader/program_reader.hpp"
#include "coroutine/reader/questions.hpp"

namespace triptych::record {

// "PROGRAM runs in Python: …", or empty where there is nothing to say. `about` it is known already
// what traits it has. Looks at little of the file: the command waits for it.
std::string coroutine_hint(coroutine::reader::ProgramReader& reader,
                           const coroutine::reader::Examined& about, const std::string& program,
                           const std::string& called);

}  // namespace triptych::record
