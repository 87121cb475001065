// SPDX-License-Identifier: Apache-2.0
#include "record/event_loop.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <time.h>

#include <algorithm>
#include <limits>
#include <span>

#include "base/clock.hpp"

namespace triptych::record {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// Together with the longest sleep below a second: that much at most dies with the recorder.
constexpr std::uint64_t kOldestUnwrittenNs = 800'000'000;

// After the recording, whoever interrupts again wants his prompt back.
constexpr std::uint64_t kImpatientNs = 500'000'000;

bool readable(int fd) {
  pollfd poll_fd{fd, POLLIN, 0};
  return ::poll(&poll_fd, 1, 0) == 1;
}

}  // namespace

EventLoop::EventLoop(const Parts& parts, std::uint64_t start_ns)
    : parts_(parts),
      start_ns_(start_ns),
      last_drain_ns_(monotonic_ns()),
      next_snapshot_ns_(parts.options.summary_only ? start_ns + kNsPerSecond : kNever),
      pacer_(parts.session.rings(), parts.options.buffer_bytes) {}

Stop EventLoop::run() {
  const std::uint64_t end_ns =
      parts_.options.duration_ns ? start_ns_ + *parts_.options.duration_ns : kNever;
  std::uint64_t grace_ends_ns = kNever;
  std::uint64_t sleep_ns = DrainPacer::kShortestNs;
  for (;;) {
    const std::uint64_t before_ns = monotonic_ns();
    const std::uint64_t most_ns = std::min({sleep_ns, parts_.coroutines.next_sleep_ns(),
                                            parts_.coroutine_probes.next_sleep_ns(before_ns)});
    sleep(std::min({before_ns + most_ns, end_ns, grace_ends_ns, next_snapshot_ns_}));
    if (!drain()) return Stop::kFailed;
    const std::uint64_t now_ns = monotonic_ns();
    sleep_ns = pacer_.next_sleep_ns(now_ns - last_drain_ns_);
    last_drain_ns_ = now_ns;
    if (target_ended()) return Stop::kTargetEnded;
    if (read_signals()) {
      if (parts_.target.child() == nullptr || signals_seen_ > 1) return Stop::kInterrupted;
      grace_ends_ns = now_ns + kInterruptGraceNs;
    }
    if (now_ns >= grace_ends_ns) return Stop::kInterrupted;
    if (now_ns >= end_ns) return Stop::kDuration;
    if (now_ns >= next_snapshot_ns_) {
      next_snapshot_ns_ += kNsPerSecond;
      if (const auto taken = parts_.session.snapshot(); !taken) {
        error_ = taken.error();
        return Stop::kFailed;
      }
    }
    show_progress(now_ns);
  }
}

Result<void> EventLoop::write(std::uint32_t ring, std::span<const std::byte> record) {
  using symbol::capture::KernelStacks;
  if (!KernelStacks::concerns(record)) return parts_.writer.append(ring, record);
  return kernel_stacks_.pass(ring, record, [&](std::span<const std::byte> passed) {
    return parts_.writer.append(ring, passed);
  });
}

bool EventLoop::drain() {
  parts_.coroutine_probes.follow_returns(parts_.session.coroutines());
  parts_.coroutines.begin();
  parts_.code_maps.begin();
  auto drained = parts_.session.drain(
      [this](std::uint32_t ring, std::span<const std::byte> record) -> Result<void> {
        pacer_.add(ring, record.size());
        parts_.coroutines.on_record(record);
        parts_.coroutine_probes.on_record(record);
        parts_.code_maps.on_record(record);
        return write(ring, record);
      });
  if (drained) {
    const auto over =
        parts_.coroutine_probes.keep_budget(parts_.session.coroutines(), monotonic_ns());
    if (over) {
      drained = parts_.writer.append(0, std::as_bytes(std::span(&*over, 1)));
      parts_.console.say(
          fmt::format("the probes of coroutines are gone: they cost {} (--coroutine-budget)",
                      parts_.coroutine_probes.over_budget()));
    }
  }
  if (drained) drained = parts_.coroutines.write(parts_.writer);
  if (drained) drained = parts_.code_maps.write(parts_.writer);
  parts_.coroutine_probes.look_into_mapped(parts_.session.coroutines(),
                                           parts_.code_maps.take_mappers(),
                                           parts_.code_maps.processes(), monotonic_ns());
  parts_.code_maps.note_looked_into(parts_.coroutine_probes.take_looked_into());
  for (const std::string& news : parts_.coroutine_probes.take_news()) parts_.console.say(news);
  for (const std::string& news : parts_.code_maps.take_news()) parts_.console.say(news);
  if (!drained) {
    error_ = drained.error();
    return false;
  }
  if (const auto flushed = parts_.writer.flush(monotonic_ns(), kOldestUnwrittenNs); !flushed) {
    error_ = flushed.error();
    return false;
  }
  return true;
}

void EventLoop::drain_rest() {
  if (!error_) {
    drain();
    return;
  }
  // The file takes nothing more; the records are counted, so that the trace knows of them.
  const auto drained =
      parts_.session.drain([this](std::uint32_t, std::span<const std::byte>) -> Result<void> {
        ++dropped_;
        return {};
      });
  static_cast<void>(drained);  // one error has been kept already
}

void EventLoop::sleep(std::uint64_t until_ns) {
  pollfd fds[] = {{parts_.signals.fd(), POLLIN, 0},
                  {parts_.target.ended_fd(), POLLIN, 0},
                  {parts_.coroutines.inbox_fd(), POLLIN, 0}};
  const std::uint64_t now_ns = monotonic_ns();
  const std::uint64_t rest_ns = until_ns > now_ns ? until_ns - now_ns : 0;
  timespec timeout{static_cast<time_t>(rest_ns / kNsPerSecond),
                   static_cast<long>(rest_ns % kNsPerSecond)};
  ::ppoll(fds, 3, &timeout, nullptr);
}

bool EventLoop::read_signals() {
  bool came = false;
  while (const std::optional<launch::Signal> signal = parts_.signals.next()) {
    came = true;
    ++signals_seen_;
    last_signal_ = signal->number;
    if (parts_.target.child() != nullptr && !signal->to_group) {
      parts_.target.child()->send(signal->number);
    }
  }
  return came;
}

bool EventLoop::target_ended() const {
  const int fd = parts_.target.ended_fd();
  return fd >= 0 && readable(fd);
}

std::optional<int> EventLoop::wait_for_command() {
  launch::Child* child = parts_.target.child();
  std::uint64_t deadline_ns = kNever;
  for (;;) {
    if (const std::optional<int> status = child->try_wait()) return status;
    if (monotonic_ns() >= deadline_ns) return std::nullopt;
    sleep(std::min(deadline_ns, monotonic_ns() + kNsPerSecond));
    const bool first = signals_seen_ == 0;
    if (read_signals()) {
      deadline_ns =
          std::min(deadline_ns, monotonic_ns() + (first ? kInterruptGraceNs : kImpatientNs));
    }
  }
}

void EventLoop::show_progress(std::uint64_t now_ns) {
  if (!parts_.console.shows_progress()) return;
  parts_.console.show(now_ns, [this, now_ns] {
    const model::ProbeCounters counters = parts_.session.counters();
    Progress progress;
    progress.elapsed_ns = now_ns - start_ns_;
    progress.events = parts_.writer.records() - parts_.writer.records_of_stacks();
    progress.bytes = parts_.writer.bytes_written();
    for (const std::uint64_t lost : counters.lost) progress.lost += lost;
    return progress;
  });
}

}  // namespace triptych::record
