// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <atomic>

#include "workloads/cow/cow.hpp"
#include "workloads/support/futex.hpp"

namespace triptych::workloads::cow {
namespace {

class ThreadCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
    auto cell = std::make_unique<ThreadCell>();
    TRIPTYCH_TRY_ASSIGN(cell->stage_, Stage::prepare(parameters, Memory::kOfBoth));
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) TRIPTYCH_TRY(run_once());
    return {};
  }

  bool needs_restoring() const override { return stage_.plan().needs_restoring; }
  void restore() override { stage_.restore(); }
  std::vector<Metric> metrics() const override { return stage_.metrics(); }

 private:
  Result<void> run_once() {
    written_.store(0);
    end_.store(0);
    pthread_t thread{};
    const int error = ::pthread_create(&thread, nullptr, live, this);
    if (error != 0) return fail_errno("cannot start a thread", error);
    while (written_.load() == 0) futex_wait(&written_, 0, Sharing::kThreads);
    stage_.add_child(child_);
    stage_.add_during(stage_.write(stage_.plan().during));
    end_.store(1);
    futex_wake(&end_, 1, Sharing::kThreads);
    ::pthread_join(thread, nullptr);
    stage_.add_after(stage_.write(stage_.plan().after));
    stage_.count_operation();
    return {};
  }

  static void* live(void* argument) {
    ThreadCell& cell = *static_cast<ThreadCell*>(argument);
    cell.child_ = cell.stage_.write(cell.stage_.plan().child);
    cell.written_.store(1);
    futex_wake(&cell.written_, 1, Sharing::kThreads);
    while (cell.end_.load() == 0) futex_wait(&cell.end_, 0, Sharing::kThreads);
    return nullptr;
  }

  Stage stage_;
  std::atomic<std::uint32_t> written_{0};
  std::atomic<std::uint32_t> end_{0};
  Writing child_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters) {
  return ThreadCell::make(parameters);
}

}  // namespace triptych::workloads::cow
