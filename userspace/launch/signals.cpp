// SPDX-License-Identifier: Apache-2.0
#include "launch/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace triptych::launch {
namespace {

constexpr std::uint64_t bit(int signal_number) {
  return 1ull << (signal_number - 1);
}

}  // namespace

Result<Signals> Signals::take_over() {
  sigset_t taken;
  sigemptyset(&taken);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT}) sigaddset(&taken, number);
  struct sigaction hangup {};
  if (::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN) {
    sigaddset(&taken, SIGHUP);
  }

  Signals signals;
  if (::sigprocmask(SIG_BLOCK, &taken, &signals.mask_) != 0) {
    return fail_errno("cannot block signals", errno);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (std::size_t i = 0; i < kIgnored.size(); ++i) {
    ::sigaction(kIgnored[i], &ignore, &signals.ignored_[i]);
  }
  signals.active_ = true;
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    if (sigismember(&taken, number) == 1) signals.taken_ |= bit(number);
  }
  signals.fd_.reset(::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.fd_) return fail_errno("cannot open a signal descriptor", errno);
  return signals;
}

Signals::Signals(Signals&& other) noexcept
    : fd_(std::move(other.fd_)),
      taken_(other.taken_),
      group_pending_(other.group_pending_),
      witness_(std::move(other.witness_)),
      active_(std::exchange(other.active_, false)),
      mask_(other.mask_),
      ignored_(other.ignored_) {}

Signals::~Signals() {
  if (!active_) return;
  // What is still pending asked for what is happening anyway.
  while (fd_ && next()) {
  }
  restore();
}

std::optional<Signal> Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
  const auto number = static_cast<int>(info.ssi_signo);
  group_pending_ |= witness_.take(taken_);
  const bool to_group = info.ssi_code == SI_KERNEL || (group_pending_ & bit(number)) != 0;
  group_pending_ &= ~bit(number);
  return Signal{number, to_group};
}

void Signals::restore() const {
  for (std::size_t i = 0; i < kIgnored.size(); ++i) {
    ::sigaction(kIgnored[i], &ignored_[i], nullptr);
  }
  ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

}  // namespace triptych::launch
