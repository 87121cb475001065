// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/run_program.hpp"

namespace triptych::test {

inline ProgramResult triptych(std::vector<std::string> arguments,
                              const std::string& directory = {}) {
  arguments.insert(arguments.begin(), TRIPTYCH_PROGRAM);
  return run_program(arguments, directory);
}

inline std::string golden_trace(const std::string& name) {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  return std::string(source == nullptr ? "." : source) + "/tests/golden/" + name + "/trace.txt";
}

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace triptych::test
