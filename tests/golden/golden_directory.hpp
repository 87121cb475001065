// SPDX-License-Identifier: Apache-2.0
//
// Where the golden traces are.
#pragma once

#include <cstdlib>
#include <filesystem>

namespace triptych {

inline std::filesystem::path golden_directory() {
  const char* source = std::getenv("TRIPTYCH_SOURCE_DIR");
  return std::filesystem::path(source == nullptr ? "." : source) / "tests" / "golden";
}

}  // namespace triptych
