// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"

#include <system_error>

namespace triptych {

Error system_error(std::string_view what, int errno_value, std::string hint) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(errno_value);
  return Error{ErrorCode::kFailed, std::move(message), std::move(hint)};
}

}  // namespace triptych
