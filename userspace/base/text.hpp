// SPDX-License-Identifier: Apache-2.0
//
// Text for people: what a target chose (names, arguments, paths) is escaped before it is shown, and
// quantities get units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace triptych {

// Control characters, DEL, backslash and bytes that are not valid UTF-8 become \n, \t, \\ or \xNN,
// so that no name can move a terminal's cursor or break a line. C1 controls and bidirectional
// overrides (U+202A…202E, U+2066…2069) count as control characters.
std::string escape(std::string_view raw);

// As escape, and spaces, quotes and the empty string are made unambiguous by double quotes.
std::string quote(std::string_view raw);

// The inverse of escape; anything that escape would not have written is taken as it is.
std::string unescape(std::string_view escaped);

// "950 ns", "1.23 us", "45.6 ms", "7.89 s": three significant digits.
std::string format_duration_ns(std::uint64_t ns);

// "512 B", "4.0 KiB", "1.5 GiB"
std::string format_bytes(std::uint64_t bytes);

// "1,234,567"
std::string format_count(std::uint64_t count);

// "1 task", "2 tasks"
std::string counted(std::uint64_t count, std::string_view singular, std::string_view plural);

// "a, b, c", or "a, b and 7 more" when there are more of them than `most`.
std::string listed(const std::set<std::string>& names, std::size_t most);

// "64M", "512K", "1G", "4096": powers of 1024. False when it is none, or does not fit.
bool parse_bytes(std::string_view text, std::uint64_t* bytes);

// "10s", "250ms", "1.5m", "3" (seconds). False when it is none, is not positive, or does not fit.
bool parse_duration_ns(std::string_view text, std::uint64_t* ns);
// "0", "0s", "0.0ms": what parse_duration_ns() refuses, since no time is no length.
bool is_zero_duration(std::string_view text);

}  // namespace triptych
