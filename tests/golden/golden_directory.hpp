// SPDX-License-Identifier: Apache-2.0
//
// Where the golden traces are, and which.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace triptych {

inline std::filesystem::path golden_directory() {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests" / "golden";
}

inline std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(golden_directory())) {
    if (std::filesystem::exists(entry.path() / "trace.txt")) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// A sanitized program takes ten times as long to start: most traces are read there in one way only.
inline bool is_sanitized() {
  const char* sanitizers = std::getenv("TRIPTYCH_SANITIZED");
  return sanitizers != nullptr && *sanitizers != '\0';
}

// The same as in golden_traces.py.
inline bool is_representative(std::string_view trace) {
  constexpr std::string_view kThese[] = {"coroutines",    "fork-cow",       "hostile-frames",
                                         "hostile-names", "profile-stacks", "threads"};
  return std::find(std::begin(kThese), std::end(kThese), trace) != std::end(kThese);
}

}  // namespace triptych
