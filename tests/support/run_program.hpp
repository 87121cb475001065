// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace triptych::test {

struct ProgramResult {
  int status = -1;  // exit status, or 128 + the signal
  std::string out, err;
};

// Runs a program with its standard output and error taken down, standard input empty, in
// `directory` (empty: where we are), and waits for it. `environment` is added to ours:
// "NAME=value".
ProgramResult run_program(const std::vector<std::string>& command,
                          const std::string& directory = {},
                          const std::vector<std::string>& environment = {});

}  // namespace triptych::test
