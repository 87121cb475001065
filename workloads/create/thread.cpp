// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include "workloads/create/create.hpp"

namespace triptych::workloads::create {
namespace {

void* do_nothing(void*) {
  return nullptr;
}

class ThreadCell final : public Cell {
 public:
  // A stack of 0 bytes is the default one.
  ThreadCell(Parent parent, std::uint64_t stack_bytes) : parent_(std::move(parent)) {
    ::pthread_attr_init(&attributes_);
    if (stack_bytes > 0) ::pthread_attr_setstacksize(&attributes_, stack_bytes);
  }
  ~ThreadCell() override { ::pthread_attr_destroy(&attributes_); }

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      pthread_t thread{};
      const int error = ::pthread_create(&thread, &attributes_, do_nothing, nullptr);
      if (error != 0) return fail_errno("pthread_create", error);
      ::pthread_join(thread, nullptr);
    }
    return {};
  }

  std::vector<Metric> metrics() const override { return parent_.metrics(); }

 private:
  Parent parent_;
  pthread_attr_t attributes_{};
};

Result<std::unique_ptr<Cell>> make(const Parameters& parameters, std::uint64_t stack_bytes) {
  TRIPTYCH_TRY_ASSIGN(Parent parent, Parent::prepare(parameters));
  return std::make_unique<ThreadCell>(std::move(parent), stack_bytes);
}

}  // namespace

Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters) {
  return make(parameters, 0);
}

Result<std::unique_ptr<Cell>> make_small_stack_thread(const Parameters& parameters) {
  return make(parameters, kSmallStackBytes);
}

}  // namespace triptych::workloads::create
