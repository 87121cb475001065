// SPDX-License-Identifier: Apache-2.0
#include "record/console.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"

namespace triptych::record {
namespace {

constexpr std::uint64_t kPeriodNs = 1'000'000'000;

void write_out(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(STDERR_FILENO, text.data(), text.size());
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

bool terminal_is_ours() {
  if (::tcgetpgrp(STDERR_FILENO) != ::getpgrp()) return false;
  termios settings{};
  if (::tcgetattr(STDERR_FILENO, &settings) != 0) return false;
  return (settings.c_lflag & ICANON) != 0 && (settings.c_lflag & ECHO) != 0;
}

}  // namespace

std::string format_progress(const Progress& progress) {
  return fmt::format("{} s  {} events  {:.1f} MB  {} lost", progress.elapsed_ns / kPeriodNs,
                     format_count(progress.events), static_cast<double>(progress.bytes) / 1e6,
                     format_count(progress.lost));
}

Console::Console() : terminal_(::isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  clear();
}

void Console::say(std::string_view text) {
  clear();
  write_out(fmt::format("triptych: {}\n", text));
}

void Console::show(std::uint64_t now_ns, const std::function<Progress()>& progress) {
  if (last_ns_ == 0) last_ns_ = now_ns;  // the first line comes after a period, too
  if (!terminal_ || now_ns - last_ns_ < kPeriodNs) return;
  last_ns_ = now_ns;
  if (!terminal_is_ours()) return;
  // Back to the first column, erase to the end, and back again: what the command writes next starts
  // at the beginning of the line.
  write_out(fmt::format("\r\033[K[triptych {}]\r", format_progress(progress())));
  line_open_ = true;
}

void Console::clear() {
  if (line_open_) write_out("\r\033[K");
  line_open_ = false;
}

}  // namespace triptych::record
