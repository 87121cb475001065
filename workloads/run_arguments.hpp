// SPDX-License-Identifier: Apache-2.0
//
// Which cell, and how to run it, as words: for the way from `triptych run` to triptych-cell.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "workloads/run.hpp"

namespace triptych::workloads {

struct RunArguments {
  std::string scenario;
  Model model = Model::kProcess;
  std::string variant;  // empty: the model's default
  std::vector<std::string> settings;
  RunOptions options;  // 0 operations and no seconds: 0 operations, not the scenario's default
  bool json = false;

  // "scenario=create" "model=process" …, "set:KEY=VALUE" for each setting.
  std::vector<std::string> to_words() const;
  static Result<RunArguments> parse(std::span<const std::string> words);
};

struct Selection {
  const Scenario* scenario;
  const Variant* variant;
  Parameters parameters;
};

// What the registry has for these arguments. Fails, naming what there is, when it has none.
Result<Selection> select(const RunArguments& arguments);

// "process" and so on; none for another word.
std::optional<Model> model_of(std::string_view name);

}  // namespace triptych::workloads
