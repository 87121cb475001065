// SPDX-License-Identifier: Apache-2.0
//
// Which libraries a program will load at its start: to be probed, they have to be known before.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/discover/needs.hpp"
#include "coroutine/reader/program_file.hpp"

namespace triptych::coroutine::reader {

// With the rights of who loads it: files name what is opened.
using OpenLibrary = std::function<Result<ProgramFile>(const std::string& path)>;
// Gives back what the library needs itself.
using LookIntoLibrary = std::function<discover::Needs(ProgramFile file, const std::string& path)>;

// The libraries that `program` needs, and they in turn, as far as they are where the loader usually
// finds them: it is never asked, and may find others. `library_path` is what LD_LIBRARY_PATH says.
void for_each_library(const std::string& program, const discover::Needs& needs,
                      std::string_view library_path, const OpenLibrary& open,
                      const LookIntoLibrary& look);

}  // namespace triptych::coroutine::reader
