// SPDX-License-Identifier: Apache-2.0
//
// For our own bugs only: what a user or an input file can cause is an Error or a data-quality
// counter.
#pragma once

namespace triptych {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace triptych

#define TRIPTYCH_CHECK(condition)                                               \
  do {                                                                          \
    if (!(condition)) ::triptych::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
