// SPDX-License-Identifier: Apache-2.0
#include "export/chrome_event.hpp"

#include <algorithm>

namespace triptych::exports {

void append_chrome_time(std::string& out, std::string_view name, std::int64_t ns) {
  const auto shown = static_cast<std::uint64_t>(std::max<std::int64_t>(0, ns));
  append_number(out, name, shown / 1000);
  const std::uint64_t rest = shown % 1000;
  const char decimals[] = {'.', static_cast<char>('0' + rest / 100),
                           static_cast<char>('0' + rest / 10 % 10),
                           static_cast<char>('0' + rest % 10)};
  out.append(decimals, sizeof decimals);
}

}  // namespace triptych::exports
