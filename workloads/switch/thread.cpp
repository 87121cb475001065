// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include "workloads/limits.hpp"
#include "workloads/switch/ring.hpp"

namespace triptych::workloads::switching {
namespace {

constexpr std::uint64_t kBytesPerThread = 40 * 1024;  // kernel stack, first pages of its own stack
constexpr std::uint64_t kMappingsPerThread = 3;       // stack, guard, working set

class ThreadCell final : public Cell {
 public:
  ~ThreadCell() override {
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      ring_->give(static_cast<unsigned>(i + 1), kStop);
    }
    for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
    placement_.restore();
  }

  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
    const auto units = static_cast<unsigned>(parameters.value("units"));
    auto cell = std::make_unique<ThreadCell>();
    TRIPTYCH_TRY_ASSIGN(cell->placement_, Placement::create(parameters.choice("placement")));
    TRIPTYCH_TRY_ASSIGN(cell->ring_,
                        Ring::create(units, parameters.choice("through"), Sharing::kThreads));
    cell->seats_.resize(units);
    for (unsigned unit = 0; unit < units; ++unit) {
      Seat& seat = cell->seats_[unit];
      seat = {cell.get(), unit, {}};
      TRIPTYCH_TRY_ASSIGN(seat.set, WorkingSet::create(parameters.value("working-set")));
    }
    for (unsigned unit = 1; unit < units; ++unit) {
      pthread_t thread{};
      const int error = ::pthread_create(&thread, nullptr, live, &cell->seats_[unit]);
      if (error != 0) return fail_errno("cannot start a thread", error);
      cell->threads_.push_back(thread);
    }
    cell->placement_.place(0);
    TRIPTYCH_TRY(cell->run(units));  // two laps: each unit is there, and has what it needs
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    ring_->lead(operations * kHandoversPerOperation, &seats_[0].set);
    return {};
  }

 private:
  struct Seat {
    ThreadCell* cell;
    unsigned unit;
    WorkingSet set;
  };

  static void* live(void* argument) {
    Seat& seat = *static_cast<Seat*>(argument);
    seat.cell->placement_.place(seat.unit);
    seat.cell->ring_->serve(seat.unit, &seat.set);
    return nullptr;
  }

  Placement placement_;
  std::unique_ptr<Ring> ring_;
  std::vector<Seat> seats_;
  std::vector<pthread_t> threads_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters) {
  const std::uint64_t units = parameters.value("units");
  Needs needs;
  needs.tasks = units - 1;
  needs.memory_bytes = units * (parameters.value("working-set") + kBytesPerThread);
  needs.mappings = units * kMappingsPerThread;
  if (parameters.choice("through") == "pipe") needs.descriptors = 2 * units;
  TRIPTYCH_TRY(require(needs));
  return ThreadCell::make(parameters);
}

}  // namespace triptych::workloads::switching
