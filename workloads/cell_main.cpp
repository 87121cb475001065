// SPDX-License-Identifier: Apache-2.0
//
// triptych-cell: what `triptych run` becomes. What a fork costs depends on the program that forks,
// on its libraries and on what it has touched, so a cell runs in a program that has little of
// either. Its arguments are `triptych run`'s, checked there, in the fixed form that
// run_arguments.hpp says.
#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "workloads/registry.hpp"
#include "workloads/run.hpp"
#include "workloads/run_arguments.hpp"

namespace triptych::workloads {
namespace {

Result<void> run(std::span<const std::string> words) {
  TRIPTYCH_TRY_ASSIGN(const RunArguments arguments, RunArguments::parse(words));
  TRIPTYCH_TRY_ASSIGN(const Selection selection, select(arguments));
  TRIPTYCH_TRY_ASSIGN(const RunResult result, run_cell(*selection.scenario, *selection.variant,
                                                       selection.parameters, arguments.options));
  const std::string text =
      arguments.json
          ? to_json(*selection.scenario, *selection.variant, selection.parameters, result)
          : to_text(*selection.scenario, *selection.variant, selection.parameters, result);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return fail("cannot write the result");
  }
  return {};
}

}  // namespace
}  // namespace triptych::workloads

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const triptych::Result<void> done = triptych::workloads::run(words);
  if (done) return 0;
  fmt::print(stderr, "error: {}\n", done.error().message);
  if (!done.error().hint.empty()) fmt::print(stderr, "hint: {}\n", done.error().hint);
  return static_cast<int>(done.error().code);
}
