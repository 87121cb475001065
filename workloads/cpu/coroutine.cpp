// SPDX-License-Identifier: Apache-2.0
#include "workloads/cpu/cpu.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::cpu {
namespace {

constexpr std::uint64_t kTurns = 16;  // of each unit in an operation

// The last turn takes what the division leaves over.
std::uint64_t rounds_of_turn(std::uint64_t rounds, std::uint64_t turn) {
  return rounds / kTurns + (turn + 1 == kTurns ? rounds % kTurns : 0);
}

void take_turn(std::uint64_t rounds, std::uint64_t turn) {
  volatile std::uint64_t result = calculate(rounds_of_turn(rounds, turn), turn);
  static_cast<void>(result);
}

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  using Unit = Stackless;

  static Stackless live(Scheduler& scheduler, std::uint64_t rounds) {
    while (true) {
      for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
        take_turn(rounds, turn);
        if (turn + 1 < kTurns) co_await scheduler.yield();
      }
      co_await std::suspend_always();
    }
  }
  static Result<Unit> start(Scheduler& scheduler, std::uint64_t rounds) {
    return live(scheduler, rounds);
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  static void live(Scheduler& scheduler, std::uint64_t rounds) {
    while (true) {
      for (std::uint64_t turn = 0; turn < kTurns; ++turn) {
        take_turn(rounds, turn);
        if (turn + 1 < kTurns) scheduler.yield();
      }
      scheduler.park();
    }
  }
  static Result<Unit> start(Scheduler& scheduler, std::uint64_t rounds) {
    return Stackful::create([&scheduler, rounds] { live(scheduler, rounds); });
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.get(); }
};

template <typename CoroutineModel>
class CoroutineCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
    auto cell = std::make_unique<CoroutineCell>();
    TRIPTYCH_TRY_ASSIGN(cell->job_, Job::prepare(parameters));
    for (unsigned unit = 0; unit < cell->job_.units(); ++unit) {
      TRIPTYCH_TRY_ASSIGN(auto started,
                          CoroutineModel::start(cell->scheduler_, cell->job_.rounds_of(unit)));
      cell->units_.push_back(std::move(started));
    }
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    const std::uint64_t cpu_before = thread_cpu_ns();
    const std::uint64_t start = now_ns();
    for (std::uint64_t i = 0; i < operations; ++i) {
      for (const auto& unit : units_) scheduler_.make_ready(CoroutineModel::handle(unit));
      scheduler_.run();
    }
    job_.count(operations, now_ns() - start, thread_cpu_ns() - cpu_before);
    return {};
  }

  std::vector<Metric> metrics() const override { return job_.metrics(false); }
  std::vector<std::string> notes() const override { return job_.notes(false); }
  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Job job_;
  typename CoroutineModel::Scheduler scheduler_;
  std::vector<typename CoroutineModel::Unit> units_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return CoroutineCell<StacklessModel>::make(parameters);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return CoroutineCell<StackfulModel>::make(parameters);
}

}  // namespace triptych::workloads::cpu
