// SPDX-License-Identifier: Apache-2.0
#include "compare/quantities.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

#include "base/text.hpp"

namespace triptych::compare {
namespace {

// Three significant digits, without an exponent.
std::string significant(double value) {
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return "0";
  if (magnitude >= 999.5) {
    const std::string digits = format_count(static_cast<std::uint64_t>(std::llround(magnitude)));
    return value < 0 ? "-" + digits : digits;
  }
  const int decimals = magnitude >= 99.95    ? 0
                       : magnitude >= 9.995  ? 1
                       : magnitude >= 0.9995 ? 2
                                             : 3;
  if (magnitude >= 0.0995) return fmt::format("{:.{}f}", value, decimals);
  const int leading = static_cast<int>(std::ceil(-std::log10(magnitude)));
  return leading > 6 ? fmt::format("{:.1e}", value) : fmt::format("{:.{}f}", value, leading + 1);
}

struct TimeUnit {
  double size;
  const char* unit;
};

}  // namespace

std::string format_ns(double ns) {
  constexpr TimeUnit kTimeUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  for (const TimeUnit& scale : kTimeUnits) {
    if (std::fabs(ns) >= scale.size * 0.9995) {
      return fmt::format("{} {}", significant(ns / scale.size), scale.unit);
    }
  }
  return significant(ns) + " ns";
}

std::string format_size(double bytes) {
  if (bytes < 0) return "-" + format_size(-bytes);
  return format_bytes(static_cast<std::uint64_t>(std::llround(bytes)));
}

std::string format_number(double value) {
  const std::string digits = significant(value);
  const std::size_t point = digits.find('.');
  const bool whole =
      point != std::string::npos && digits.find_first_not_of('0', point + 1) == std::string::npos;
  return whole ? digits.substr(0, point) : digits;
}

std::string format_ratio(double ratio) {
  // A fraction says more than zeros behind a point.
  return ratio > 0 && ratio < 0.0995 ? "1/" + significant(1 / ratio) : significant(ratio) + "x";
}

std::string format_value(double value, std::string_view unit) {
  if (unit == "ns") return format_ns(value);
  if (unit == "bytes") return format_size(value);
  return format_number(value);
}

}  // namespace triptych::compare
