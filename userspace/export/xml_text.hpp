// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace triptych::exports {

// Text that escape() has been through, for XML's content and for its attributes in double quotes.
std::string xml_text(std::string_view text);

}  // namespace triptych::exports
