// SPDX-License-Identifier: Apache-2.0
//
// Messages between the recorder and the child that reads files for it: on a stream socket, each
// behind its size, and with a file where one goes along.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::coroutine::reader {

inline constexpr std::size_t kMostMessageBytes = 64 << 20;
inline constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();

// `file` is -1 for none. It is only lent.
Result<void> send_message(int socket, std::span<const std::byte> bytes, int file,
                          std::uint64_t deadline_ns);

// Memory is taken as bytes come, whatever size was said. A file that came along is put into `file`;
// where that is null, none is let in.
Result<std::vector<std::byte>> receive_message(int socket, UniqueFd* file,
                                               std::uint64_t deadline_ns);

}  // namespace triptych::coroutine::reader
