// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace triptych {

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "triptych: internal error: %s does not hold at %s:%d\n", condition, file,
               line);
  std::abort();
}

}  // namespace triptych
