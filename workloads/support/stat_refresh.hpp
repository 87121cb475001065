// SPDX-License-Identifier: Apache-2.0
//
// Each CPU keeps its part of the machine's memory counters to itself and adds it to the sum when it
// has much, or about once a second. Root can have the kernel add all of them up (vm.stat_refresh).
// A program without that right can ask the one that started it: over a socket that it inherits, one
// byte for a refresh, and one byte in answer.
#pragma once

#include <cstdint>
#include <string_view>

namespace triptych::workloads {

inline constexpr const char* kRefreshVariable = "TRIPTYCH_STAT_REFRESH_FD";  // names the socket
inline constexpr char kAskForRefresh = '?';
inline constexpr char kRefreshed = '1';
inline constexpr char kNotRefreshed = '0';

enum class Refresh : std::uint8_t { kNone, kOwn, kAsked };

bool refresh_statistics();            // by this process itself
Refresh have_statistics_refreshed();  // by itself, or else by who started it

}  // namespace triptych::workloads
