// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_target.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/text.hpp"
#include "launch/program.hpp"

namespace triptych::record {

using coroutine::reader::Examined;

Result<std::string> program_of_command(const Options& options) {
  const std::string& command = options.command.front();
  std::string program;
  if (launch::find_program(command, launch::search_path(), &program) != 0) {
    return fail(fmt::format("no program {}", quote(command)));
  }
  return program;
}

Result<launch::User> user_of_command(const Options& options, const launch::User& caller) {
  if (options.user.empty()) return caller;
  return launch::user_by_name(options.user);
}

Result<TargetProgram> target_program(const Options& options) {
  if (options.kind == model::TargetKind::kProcess) {
    std::string file = fmt::format("/proc/{}/exe", options.process);
    std::error_code error;
    std::string called = std::filesystem::read_symlink(file, error).string();
    return TargetProgram{std::move(file), std::move(called)};
  }
  TRIPTYCH_TRY_ASSIGN(const std::string program, program_of_command(options));
  return TargetProgram{program, program};
}

Examined traits_of(coroutine::reader::ProgramReader& reader, const std::string& program) {
  coroutine::reader::Wanted wanted;
  wanted.traits = true;
  const auto file = coroutine::reader::open_program_file(program);
  if (!file) return {};
  return reader.examine(*file, wanted).value_or(Examined());
}

}  // namespace triptych::record
