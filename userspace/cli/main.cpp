// SPDX-License-Identifier: Apache-2.0
//
// The program: chooses the sub-command, and prints its error, once.
#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "cli/command.hpp"
#include "cli/errors.hpp"
#include "cli/standard_streams.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kCliExamples = R"(Examples:
  sudo triptych record -- make -j4      record a command and everything it starts
  triptych report                       say what happened in it
  triptych report --format json -o r.json
  triptych COMMAND --help               the options of one command

Exit status: 0 done, 1 failed, 2 wrong usage, 3 the kernel or our rights do not allow it,
4 the data is worse than --strict asks for, 5 --fail-on of a diff. record has its own: that of
COMMAND, and 125 where others have 1 or 3; see triptych record --help.
)";

std::vector<Command> add_commands(CLI::App& app) {
  std::vector<Command> commands;
#ifdef TRIPTYCH_CAN_RECORD
  commands.push_back(add_record_command(app));
  commands.push_back(add_flamegraph_command(app));
#endif
  commands.push_back(add_report_command(app));
  commands.push_back(add_dump_command(app));
  commands.push_back(add_export_command(app));
  commands.push_back(add_symbolize_command(app));
  commands.push_back(add_mark_command(app));
  commands.push_back(add_run_command(app));
  commands.push_back(add_list_command(app));
  commands.push_back(add_compare_command(app));
  commands.push_back(add_diff_command(app));
#ifdef TRIPTYCH_CAN_RECORD
  commands.push_back(add_doctor_command(app));
#endif
  return commands;
}

int run(const Command& command) {
  const Result<int> status = command.run();
  if (status) return *status;
  print_error(status.error());
  return command.status_of ? command.status_of(status.error())
                           : static_cast<int>(status.error().code);
}

int run(int argc, char** argv) {
  CLI::App app("What the operating system really does with a program's processes and threads.",
               "triptych");
  app.set_version_flag("--version", "triptych " TRIPTYCH_VERSION, "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  app.footer(kCliExamples);
  const std::vector<Command> commands = add_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {  // --help, --version
    return app.exit(request);
  } catch (const CLI::ParseError& error) {
    print_error(describe_parse_error(error, app));
    return static_cast<int>(ErrorCode::kUsage);
  }
  for (const Command& command : commands) {
    if (command.app->parsed()) return run(command);
  }
  print_error({ErrorCode::kUsage, "a command is missing", "triptych --help"});
  return static_cast<int>(ErrorCode::kUsage);
}

}  // namespace
}  // namespace triptych::cli

int main(int argc, char** argv) {
  triptych::cli::reserve_standard_streams();
  return triptych::cli::run(argc, argv);
}
