// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them: three significant digits, with a unit that fits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace triptych::compare {

std::string format_ns(double ns);                               // "1.75 ns", "412 us", "1.20 s"
std::string format_size(double bytes);                          // "4.0 KiB"
std::string format_number(double value);                        // "1,031", "25.3", "0.0021", "0"
std::string format_ratio(double ratio);                         // "1.00x", "25.3x", "1/1,471"
std::string format_value(double value, std::string_view unit);  // by the unit of a figure

}  // namespace triptych::compare
