// SPDX-License-Identifier: Apache-2.0
//
// triptych flamegraph: record, then export, in one go. Both are the program itself, called again:
// the recorder is root and reads no file of the target's, and the exporter, which looks into
// programs for the names of functions, has the rights of who called sudo.
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/name_options.hpp"
#include "cli/own_arguments.hpp"
#include "cli/own_program.hpp"
#include "launch/child.hpp"
#include "launch/signals.hpp"
#include "launch/user.hpp"
#include "profile/kind.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kFlamegraphExamples = R"(Examples:
  sudo triptych flamegraph -- ./prog                      what it computed: flamegraph.svg
  sudo triptych flamegraph --profile off-cpu -- make -j4  what it waited in
  sudo triptych flamegraph --profile cow -o cow.svg -- redis-server

The trace stays beside the graph (flamegraph.tpt), for `triptych export` and `triptych report`.

Exit status: as that of triptych record.
)";

constexpr int kNoGraph = 125;

struct FlamegraphOptions {
  std::string profile = "on-cpu";
  std::string output = "flamegraph.svg";
  std::string unwind;
  std::string buffer_size;
  std::string coroutines;
  NameOptions names;
  std::vector<std::string> command;
};

// Its exit status. Signals that came to us alone are passed on.
Result<int> run_to_end(std::vector<std::string> argv, std::optional<launch::User> become,
                       launch::Signals& signals) {
  launch::Child::ExecErrno refused = 0;
  const std::string program = argv.front();
  TRIPTYCH_TRY_ASSIGN(std::optional<launch::Child> child,
                      launch::Child::fork({std::move(argv), std::move(become)}, signals, refused));
  if (child) {
    TRIPTYCH_TRY_ASSIGN(refused, child->start());
  }
  if (refused != 0) return fail_errno("cannot run " + quote(program), refused);
  while (true) {
    std::array<pollfd, 2> waits{};
    waits[0] = {child->pidfd(), POLLIN, 0};
    waits[1] = {signals.fd(), POLLIN, 0};
    ::poll(waits.data(), waits.size(), -1);
    while (const auto signal = signals.next()) {
      if (!signal->to_group) child->send(signal->number);
    }
    if (const auto status = child->try_wait()) return launch::exit_status_of_wait(*status);
  }
}

// "flamegraph.svg": "flamegraph.tpt".
std::string trace_beside(const std::string& graph) {
  constexpr std::string_view kEnding = ".svg";
  const bool usual = graph.size() > kEnding.size() &&
                     graph.compare(graph.size() - kEnding.size(), kEnding.size(), kEnding) == 0;
  return graph.substr(0, graph.size() - (usual ? kEnding.size() : 0)) + ".tpt";
}

// The file's number; 0: there is none. A recording is always a new file.
ino_t number_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

Result<int> run_flamegraph(FlamegraphOptions options) {
  TRIPTYCH_TRY_ASSIGN(options.command, command_after_dashes());
  if (options.command.empty()) {
    return fail("a command is missing", "triptych flamegraph -- COMMAND", ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(const std::string program, own_program());
  TRIPTYCH_TRY_ASSIGN(launch::Signals signals, launch::Signals::take_over());
  const std::string trace = trace_beside(options.output);
  const std::string_view stacks = stacks_of(*profile::parse_kind(options.profile));
  const ino_t before = number_of(trace);
  std::vector<std::string> record = {program, "record", "-o", trace};
  if (!stacks.empty()) record.push_back(fmt::format("--stacks={}", stacks));
  if (!options.unwind.empty()) record.push_back(fmt::format("--unwind={}", options.unwind));
  if (!options.buffer_size.empty()) {
    record.push_back(fmt::format("--buffer-size={}", options.buffer_size));
  }
  if (!options.coroutines.empty()) {
    record.push_back(fmt::format("--coroutines={}", options.coroutines));
  }
  record.emplace_back("--");
  record.insert(record.end(), options.command.begin(), options.command.end());
  TRIPTYCH_TRY_ASSIGN(const int status, run_to_end(record, std::nullopt, signals));
  const ino_t made = number_of(trace);
  if (made == 0 || made == before) return status;
  TRIPTYCH_TRY_ASSIGN(launch::User user, launch::calling_user());
  std::vector<std::string> draw = {program,         "export", "--format",     "svg", "--profile",
                                   options.profile, "-o",     options.output, trace};
  for (std::string& argument : options.names.arguments()) draw.push_back(std::move(argument));
  TRIPTYCH_TRY_ASSIGN(const int exported, run_to_end(std::move(draw), std::move(user), signals));
  if (exported != kExitOk) return kNoGraph;
  std::fputs(fmt::format("triptych: the flame graph is in {}\n", quote(options.output)).c_str(),
             stderr);
  return status;
}

}  // namespace

Command add_flamegraph_command(CLI::App& app) {
  auto options = std::make_shared<FlamegraphOptions>();
  CLI::App* self = app.add_subcommand("flamegraph", "Record a program and draw its flame graph");
  self->positionals_at_end();
  self->add_option("--profile", options->profile, "Of what")
      ->check(one_of(profile::kind_words()))
      ->capture_default_str();
  self->add_option("--unwind", options->unwind, "How frames are found: as of triptych record")
      ->type_name("fp|dwarf[,BYTES]");
  self->add_option("--buffer-size", options->buffer_size,
                   "Room for what is not written yet: as of triptych record")
      ->type_name("SIZE");
  self->add_option("--coroutines", options->coroutines,
                   "How coroutines are seen: as of triptych record")
      ->type_name("WAY");
  options->names.add_to(*self);
  self->add_option("-o,--output", options->output, "The file to write")
      ->type_name("FILE")
      ->capture_default_str();
  self->add_option("COMMAND", options->command, "The command to record, with its arguments")
      ->type_name("");
  self->footer(kFlamegraphExamples);
  Command command;
  command.app = self;
  command.run = [options] { return run_flamegraph(*options); };
  command.status_of = [](const Error& error) {
    return error.code == ErrorCode::kUsage ? static_cast<int>(ErrorCode::kUsage) : kNoGraph;
  };
  return command;
}

}  // namespace triptych::cli
