// SPDX-License-Identifier: Apache-2.0
//
// triptych run: one cell of a workload as a plain program, to look at or to record.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/output.hpp"
#include "workloads/registry.hpp"
#include "workloads/run.hpp"

namespace triptych::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  triptych run create --model process --set resident=64M
  triptych run create --model thread --variant small-stack --seconds 1 --pin 0
  triptych record -- triptych run create --model process
  triptych report --from-mark begin --to-mark end
)";

struct Options {
  std::string scenario;
  std::string model;
  std::string variant;
  std::vector<std::string> settings;
  std::optional<std::uint64_t> iterations;
  std::optional<double> seconds;
  std::uint64_t warm_up = 0;
  std::optional<unsigned> cpu;
  bool control = false;
  std::string format = "text";
};

workloads::Model parse_model(std::string_view name) {
  for (const auto model : {workloads::Model::kProcess, workloads::Model::kThread}) {
    if (workloads::name_of(model) == name) return model;
  }
  return workloads::Model::kCoroutine;
}

std::string to_text(const workloads::Metric& metric) {
  if (metric.unit == "bytes" && metric.value >= 0) {
    return format_bytes(static_cast<std::uint64_t>(metric.value));
  }
  return fmt::format("{:.6g}{}{}", metric.value, metric.unit == "1" ? "" : " ",
                     metric.unit == "1" ? "" : metric.unit);
}

std::string to_text(const workloads::Scenario& scenario, const workloads::Variant& variant,
                    const workloads::Parameters& parameters, const workloads::RunResult& result) {
  std::string text =
      fmt::format("{} {} {}\n", scenario.name, workloads::name_of(variant.model), variant.name);
  const auto row = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("  {:<26} {}\n", name, value);
  };
  for (const auto& [key, value] : parameters.as_text()) row(key, value);
  row("operations", format_count(result.operations));
  row("time", format_duration_ns(result.elapsed_ns));
  if (result.operations > 0) {
    row("time per operation", fmt::format("{:.4g} ns", static_cast<double>(result.elapsed_ns) /
                                                           static_cast<double>(result.operations)));
  }
  row("user time", format_duration_ns(result.usage.user_ns));
  row("system time", format_duration_ns(result.usage.system_ns));
  row("voluntary switches", format_count(result.usage.voluntary_switches));
  row("involuntary switches", format_count(result.usage.involuntary_switches));
  row("coroutine switches", format_count(result.coroutine_switches));
  row("minor faults", format_count(result.usage.minor_faults));
  row("major faults", format_count(result.usage.major_faults));
  for (const workloads::Metric& metric : result.metrics) row(metric.name, to_text(metric));
  return text;
}

Result<int> run(const Options& options) {
  const workloads::Scenario* scenario = workloads::find_scenario(options.scenario);
  if (scenario == nullptr) {
    return fail(fmt::format("there is no scenario {}", quote(options.scenario)), "triptych list",
                ErrorCode::kUsage);
  }
  TRIPTYCH_TRY_ASSIGN(
      const workloads::Variant* variant,
      workloads::find_variant(*scenario, parse_model(options.model), options.variant));
  TRIPTYCH_TRY_ASSIGN(const workloads::Parameters parameters,
                      workloads::Parameters::parse(scenario->parameters, options.settings));
  workloads::RunOptions run_options;
  run_options.operations = options.iterations.value_or(scenario->default_operations);
  run_options.seconds = options.seconds.value_or(0);
  run_options.warm_up_operations = options.warm_up;
  run_options.control = options.control;
  run_options.cpu = options.cpu;
  TRIPTYCH_TRY_ASSIGN(const workloads::RunResult result,
                      workloads::run_cell(*scenario, *variant, parameters, run_options));
  TRIPTYCH_TRY_ASSIGN(Output output, Output::open("", ""));
  TRIPTYCH_TRY(output.write(options.format == "json"
                                ? workloads::to_json(*scenario, *variant, parameters, result)
                                : to_text(*scenario, *variant, parameters, result)));
  TRIPTYCH_TRY(output.finish());
  return kExitOk;
}

}  // namespace

Command add_run_command(CLI::App& app) {
  auto options = std::make_shared<Options>();
  CLI::App* self = app.add_subcommand("run", "Run one workload in one model, as a plain program");
  self->add_option("SCENARIO", options->scenario, "Which; see: triptych list")->required();
  self->add_option("--model", options->model, "In which model")
      ->required()
      ->check(one_of({"process", "thread", "coroutine"}));
  self->add_option("--variant", options->variant, "In which way (default: the model's first)");
  self->add_option("--set", options->settings, "KEY=VALUE of a parameter; may be repeated")
      ->allow_extra_args(false);
  CLI::Option* iterations = self->add_option("--iterations", options->iterations,
                                             "Operations to do (default: the scenario's)");
  self->add_option("--seconds", options->seconds, "Do as many operations as fit in this time")
      ->check(CLI::Range(0.001, 86'400.0))
      ->excludes(iterations);
  self->add_option("--warm-up", options->warm_up, "Operations to do before, which do not count")
      ->capture_default_str();
  self->add_option("--pin", options->cpu, "Stay on this CPU");
  self->add_flag("--control", options->control,
                 "Do no operation once before, between marks of its own, to be subtracted");
  self->add_option("--format", options->format, "How: text for people, json for programs")
      ->check(one_of({"text", "json"}))
      ->capture_default_str();
  self->footer(kFooter);
  return {self, [options] { return run(*options); }};
}

}  // namespace triptych::cli
