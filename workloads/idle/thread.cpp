// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <utility>

#include "workloads/idle/gate.hpp"
#include "workloads/idle/herd_cell.hpp"
#include "workloads/idle/idle.hpp"

namespace triptych::workloads::idle {
namespace {

constexpr UnitNeeds kNeedsOfThread{1, 48 << 10, 2, 10'000};  // a stack and its guard
constexpr std::size_t kSmallStackBytes = 64 << 10;

void* wait_at(void* gate) {
  static_cast<Gate*>(gate)->wait(Sharing::kThreads);
  return nullptr;
}

class Threads final : public Herd {
 public:
  // A stack of 0 bytes is the default one.
  static Result<std::unique_ptr<Herd>> make(std::uint64_t units, std::size_t stack_bytes) {
    auto herd = std::make_unique<Threads>();
    herd->gate_.expected = static_cast<std::uint32_t>(units);
    herd->threads_.reserve(units);
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    if (stack_bytes > 0) ::pthread_attr_setstacksize(&attributes, stack_bytes);
    int error = 0;
    for (std::uint64_t unit = 0; unit < units && error == 0; ++unit) {
      pthread_t thread{};
      error = ::pthread_create(&thread, &attributes, wait_at, &herd->gate_);
      if (error == 0) herd->threads_.push_back(thread);
    }
    ::pthread_attr_destroy(&attributes);
    if (error != 0) return fail_errno("cannot start a thread", error);
    while (!herd->gate_.wait_for_all(Sharing::kThreads)) {
    }
    return herd;
  }

  ~Threads() override {
    gate_.let_go(Sharing::kThreads);
    for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
  }

 private:
  Gate gate_;
  std::vector<pthread_t> threads_;
};

Result<std::unique_ptr<Cell>> make(const Parameters& parameters, std::size_t stack_bytes) {
  TRIPTYCH_TRY_ASSIGN(Decision decision, decide(parameters, kNeedsOfThread));
  return make_herd_cell(std::move(decision), [stack_bytes](std::uint64_t count) {
    return Threads::make(count, stack_bytes);
  });
}

}  // namespace

Result<std::unique_ptr<Cell>> make_threads(const Parameters& parameters) {
  return make(parameters, 0);
}

Result<std::unique_ptr<Cell>> make_small_stack_threads(const Parameters& parameters) {
  return make(parameters, kSmallStackBytes);
}

}  // namespace triptych::workloads::idle
