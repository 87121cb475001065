// SPDX-License-Identifier: Apache-2.0
#include "compare/interrupt.hpp"

namespace triptych::compare {
namespace {

volatile sig_atomic_t g_signal = 0;

void note(int number) {
  g_signal = number;
}

}  // namespace

InterruptGuard::InterruptGuard() {
  g_signal = 0;
  constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = note;  // without SA_RESTART: what waits is to notice
    before_[i].first = kSignals[i];
    ::sigaction(kSignals[i], nullptr, &before_[i].second);
    // What was ignored (nohup) stays so.
    if (before_[i].second.sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (const auto& [number, action] : before_) ::sigaction(number, &action, nullptr);
}

int interrupted() {
  return g_signal;
}

}  // namespace triptych::compare
