// SPDX-License-Identifier: Apache-2.0
//
// The program whose coroutines are to be seen, before anything of it runs.
#pragma once

#include <string>

#include "base/error.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "coroutine/reader/questions.hpp"
#include "launch/user.hpp"
#include "record/options.hpp"

namespace triptych::record {

Result<std::string> program_of_command(const Options& options);
Result<launch::User> user_of_command(const Options& options, const launch::User& caller);

struct TargetProgram {
  std::string file;    // as it can be opened
  std::string called;  // as people call it
};
Result<TargetProgram> target_program(const Options& options);

// None where nobody can read it, and where the reader has ended.
coroutine::reader::Examined traits_of(coroutine::reader::ProgramReader& reader,
                                      const std::string& program);

}  // namespace triptych::record
