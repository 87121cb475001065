// SPDX-License-Identifier: Apache-2.0
#include "cli/own_arguments.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace triptych::cli {

Result<std::vector<std::string>> own_arguments() {
  std::FILE* file = std::fopen("/proc/self/cmdline", "re");
  if (file == nullptr) return fail_errno("cannot read /proc/self/cmdline", errno);
  std::vector<std::string> arguments;
  std::string argument;
  for (int c = std::fgetc(file); c != EOF; c = std::fgetc(file)) {
    if (c != '\0') {
      argument.push_back(static_cast<char>(c));
      continue;
    }
    arguments.push_back(std::move(argument));
    argument.clear();
  }
  std::fclose(file);
  return arguments;
}

Result<std::vector<std::string>> command_after_dashes() {
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::string> all, own_arguments());
  const auto mark = std::find(all.begin(), all.end(), "--");
  if (mark == all.end()) return std::vector<std::string>();
  return std::vector<std::string>(mark + 1, all.end());
}

}  // namespace triptych::cli
