// SPDX-License-Identifier: Apache-2.0
#include "cli/input.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "base/text.hpp"

namespace triptych::cli {
namespace {

// Rewrites one line on standard error; removes it when done.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }

  void update(std::uint64_t events) {
    if (!terminal_) return;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(shown_ ? 200 : 1000)) return;
    last_ = now;
    shown_ = true;
    std::fputs(("\r\033[Kreading: " + format_count(events) + " events").c_str(), stderr);
    std::fflush(stderr);
  }

 private:
  using Clock = std::chrono::steady_clock;

  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

Result<std::unique_ptr<trace::Source>> open_trace(const std::string& path, bool given) {
  auto source = trace::open_source(path);
  if (!source && !given && ::access(path.c_str(), F_OK) != 0) {
    return fail(fmt::format("there is no {} in this directory", path),
                "name a trace, or record one: sudo triptych record -- COMMAND", ErrorCode::kUsage);
  }
  return source;
}

Result<void> read_all(trace::Source& source,
                      const std::function<Result<void>(const model::Event&)>& each) {
  constexpr std::uint64_t kEventsPerLook = 1u << 16;  // at the clock
  Progress progress;
  model::Event event;
  std::uint64_t events = 0;
  while (source.next(event)) {
    TRIPTYCH_TRY(each(event));
    if (++events % kEventsPerLook == 0) progress.update(events);
  }
  if (source.error()) return tl::unexpected<Error>(*source.error());
  return {};
}

}  // namespace triptych::cli
