// SPDX-License-Identifier: Apache-2.0
//
// triptych-bench: the workloads as a Google Benchmark program, with all of its flags, so that
// anyone can check the untraced timings with a tool that they know. One benchmark is one cell,
// named scenario/model/variant; an iteration is an operation.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "workloads/registry.hpp"

namespace triptych::workloads {
namespace {

using Settings = std::map<std::string, std::vector<std::string>, std::less<>>;  // by scenario

// Takes every "--set SCENARIO.KEY=VALUE" out of the arguments.
Result<Settings> take_settings(std::vector<char*>* arguments) {
  Settings settings;
  std::vector<char*> others;
  for (std::size_t i = 0; i < arguments->size(); ++i) {
    const std::string_view argument = (*arguments)[i];
    std::string_view setting;
    if (argument == "--set" && i + 1 < arguments->size()) {
      setting = (*arguments)[++i];
    } else if (argument.starts_with("--set=")) {
      setting = argument.substr(6);
    } else {
      others.push_back((*arguments)[i]);
      continue;
    }
    const std::size_t dot = setting.find('.');
    const std::string_view scenario = setting.substr(0, dot);
    if (dot == std::string_view::npos || find_scenario(scenario) == nullptr) {
      return fail(fmt::format("{} is no setting", quote(setting)),
                  "a setting is SCENARIO.KEY=VALUE; see: triptych list", ErrorCode::kUsage);
    }
    settings[std::string(scenario)].emplace_back(setting.substr(dot + 1));
  }
  *arguments = std::move(others);
  return settings;
}

Result<void> run_operations(benchmark::State& state, Cell& cell, std::uint64_t operations) {
  if (!cell.needs_restoring()) return cell.run(operations);
  for (std::uint64_t i = 0; i < operations; ++i) {
    state.PauseTiming();
    cell.restore();
    state.ResumeTiming();
    TRIPTYCH_TRY(cell.run(1));
  }
  return {};
}

// The whole of a benchmark's iterations is one run of the cell, as in `triptych run`.
void measure(benchmark::State& state, const Variant& variant, const Parameters& parameters) {
  Result<std::unique_ptr<Cell>> cell = variant.make(parameters);
  if (!cell) {
    state.SkipWithError(cell.error().message.c_str());
    return;
  }
  while (state.KeepRunningBatch(state.max_iterations)) {
    const Result<void> done =
        run_operations(state, **cell, static_cast<std::uint64_t>(state.max_iterations));
    if (!done) {
      state.SkipWithError(done.error().message.c_str());
      break;
    }
  }
  for (const Metric& metric : (*cell)->metrics()) {
    state.counters[std::string(metric.name)] = metric.value;
  }
}

Result<void> add_benchmarks(const Settings& settings) {
  for (const Scenario& scenario : scenarios()) {
    const auto found = settings.find(scenario.name);
    TRIPTYCH_TRY_ASSIGN(
        const Parameters parameters,
        Parameters::parse(scenario.parameters,
                          found == settings.end() ? std::vector<std::string>{} : found->second));
    for (const Variant& variant : scenario.variants) {
      const std::string name =
          fmt::format("{}/{}/{}", scenario.name, name_of(variant.model), variant.name);
      auto* benchmark = benchmark::RegisterBenchmark(
          name.c_str(),
          [&variant, parameters](benchmark::State& state) { measure(state, variant, parameters); });
      benchmark->UseRealTime();  // most of the work may be done by other tasks
      if (scenario.counted_once) benchmark->Iterations(1);
    }
  }
  return {};
}

Result<void> run(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  TRIPTYCH_TRY_ASSIGN(const Settings settings, take_settings(&arguments));
  TRIPTYCH_TRY(add_benchmarks(settings));
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) {
    return fail("there are arguments that nobody knows",
                "--help names the flags of Google Benchmark; besides there is "
                "--set SCENARIO.KEY=VALUE",
                ErrorCode::kUsage);
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return {};
}

}  // namespace
}  // namespace triptych::workloads

int main(int argc, char** argv) {
  const triptych::Result<void> done = triptych::workloads::run(argc, argv);
  if (done) return 0;
  fmt::print(stderr, "error: {}\n", done.error().message);
  if (!done.error().hint.empty()) fmt::print(stderr, "hint: {}\n", done.error().hint);
  return static_cast<int>(done.error().code);
}
