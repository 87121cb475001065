// SPDX-License-Identifier: Apache-2.0
//
// What could be seen of the coroutines of a program, and how: looked for, not probed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace triptych::record {

struct SurveyedFile {
  std::string path;
  std::string way{};                // "recorder", "usdt", "uprobe:cpp"; empty: none
  std::string coroutines{};         // "C++20 coroutines"
  std::string_view program{};       // the BPF program that is hit; empty: none
  std::size_t functions = 0;        // 0: they are not known beforehand
  std::size_t cheap = 0, dear = 0;  // places: a hit takes 0.4 us and 14 us
  std::size_t not_understood = 0;   // functions that cannot be probed
  bool lower_bounds = false;        // see coroutine::discover::Discovery
  bool shared = false;              // other processes have it mapped, too
  std::string invisible{};          // what stays so
};

// The files of a command, or those that a process has mapped, as far as there is something to say.
Result<std::vector<SurveyedFile>> survey_command(const std::string& command);
Result<std::vector<SurveyedFile>> survey_process(pid_t tgid);

}  // namespace triptych::record
