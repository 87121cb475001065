// SPDX-License-Identifier: Apache-2.0
//
// triptych run: one cell of a workload as a plain program, to look at or to record. It becomes
// triptych-cell, which lies beside it: a small program, because what a fork costs depends on the
// program that forks. While somebody records it becomes triptych-coroutine-cell for coroutines,
// whose recorder makes them visible.
#include <fmt/format.h>
#include <triptych/coroutine_memory.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "workloads/run_arguments.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kRunExamples = R"(Examples:
  triptych run create --model process --set resident=64M
  triptych run create --model thread --variant small-stack --seconds 1 --pin 0
  triptych record -- triptych run create --model process
  triptych report --from-mark begin --to-mark end
)";

constexpr std::uint64_t kMostOperations = 1'000'000'000'000;
constexpr std::uint64_t kMostCpus = 8192;  // what a kernel can be built for

CLI::Validator seconds_in_a_day() {
  const auto check = [](std::string& value) {
    double seconds = 0;
    const char* end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, seconds);
    if (parsed.ec == std::errc() && parsed.ptr == end && seconds >= 0.001 && seconds <= 86'400) {
      return std::string();
    }
    return fmt::format("{} is not a number of seconds from 0.001 to 86,400", quote(value));
  };
  return CLI::Validator(check, "", "seconds_in_a_day");
}

struct RunOptions {
  workloads::RunArguments arguments;
  std::string model;
  std::optional<std::uint64_t> iterations;
  std::string format = "text";
};

// Whoever records wants to see its coroutines too.
std::string cell_name(workloads::Model model) {
  const bool recorded = std::getenv(TRIPTYCH_CORO_ENVIRONMENT) != nullptr;
  const bool visible = recorded && model == workloads::Model::kCoroutine;
  return visible ? "triptych-coroutine-cell" : "triptych-cell";
}

Result<std::string> directory_of_programs() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) return fail_errno("cannot read /proc/self/exe", errno);
  path.resize(static_cast<std::size_t>(length));
  path.resize(path.rfind('/') + 1);
  return path;
}

Result<int> become(const std::string& directory, const std::string& name,
                   std::vector<std::string> words) {
  words.insert(words.begin(), name);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string program = directory + name;
  ::execv(program.c_str(), arguments.data());
  return fail_errno(fmt::format("cannot run {}", program), errno,
                    "it is built and installed together with triptych");
}

Result<int> run_run(const RunOptions& options) {
  workloads::RunArguments arguments = options.arguments;
  arguments.model = *workloads::model_of(options.model);
  arguments.json = options.format == "json";
  TRIPTYCH_TRY_ASSIGN(const workloads::Selection selection, workloads::select(arguments));
  arguments.options.operations =
      options.iterations.value_or(selection.scenario->default_operations);
  TRIPTYCH_TRY_ASSIGN(const std::string directory, directory_of_programs());
  return become(directory, cell_name(arguments.model), arguments.to_words());
}

}  // namespace

Command add_run_command(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  workloads::RunArguments& arguments = options->arguments;
  CLI::App* self = app.add_subcommand("run", "Run one workload in one model, as a plain program");
  self->add_option("SCENARIO", arguments.scenario, "Which; see: triptych list")->required();
  self->add_option("--model", options->model, "In which model")
      ->required()
      ->check(one_of({"process", "thread", "coroutine"}));
  self->add_option("--variant", arguments.variant, "In which way (default: the model's first)");
  self->add_option("--set", arguments.settings, "KEY=VALUE of a parameter; may be repeated")
      ->allow_extra_args(false);
  CLI::Option* iterations = self->add_option("--iterations", options->iterations,
                                             "Operations to do (default: the scenario's)")
                                ->check(whole_number(1, kMostOperations));
  self->add_option("--seconds", arguments.options.seconds,
                   "Do as many operations as fit in this time")
      ->check(seconds_in_a_day())
      ->excludes(iterations);
  self->add_option("--warm-up", arguments.options.warm_up_operations,
                   "Operations to do before, which do not count")
      ->check(whole_number(0, kMostOperations))
      ->capture_default_str();
  self->add_option("--pin", arguments.options.cpu, "Stay on this CPU")
      ->check(whole_number(0, kMostCpus));
  self->add_flag("--control", arguments.options.control,
                 "Do no operation once before, between marks of its own, to be subtracted");
  self->add_option("--format", options->format, "How: text for people, json for programs")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->footer(kRunExamples);
  return {self, [options] { return run_run(*options); }};
}

}  // namespace triptych::cli
