// SPDX-License-Identifier: Apache-2.0
#include "compare/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/clock.hpp"

namespace triptych::compare {
namespace {

constexpr std::uint64_t kBetweenNs = 100'000'000;

}  // namespace

std::string progress_line(std::string_view what, std::uint64_t done_ns, std::uint64_t left_ns) {
  const std::uint64_t all = done_ns + left_ns;
  const std::uint64_t percent = all == 0 ? 0 : done_ns * 100 / all;
  return fmt::format("compare: {}, {} %, {} s left", what, percent,
                     (left_ns + kNsPerSecond / 2) / kNsPerSecond);
}

Progress::Progress() : terminal_(::isatty(STDERR_FILENO) == 1), start_ns_(monotonic_ns()) {}

Progress::~Progress() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::show(std::string_view what, std::uint64_t left_ns) {
  if (!terminal_) return;
  const std::uint64_t now = monotonic_ns();
  if (shown_ && now - last_ns_ < kBetweenNs) return;
  last_ns_ = now;
  shown_ = true;
  fmt::print(stderr, "\r\033[K{:.79}", progress_line(what, now - start_ns_, left_ns));
  std::fflush(stderr);
}

}  // namespace triptych::compare
