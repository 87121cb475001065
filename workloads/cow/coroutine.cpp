// SPDX-License-Identifier: Apache-2.0
//
// The unit writes when it is resumed first and ends when it is resumed again, after the creator has
// written its own share: two switches.
#include "workloads/cow/cow.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::cow {
namespace {

Stackless live_stackless(Stage& stage) {
  stage.add_child(stage.write(stage.plan().child));
  co_await std::suspend_always();
}

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  static Result<Stackless> create(Stage& stage, Scheduler&) { return live_stackless(stage); }
  static auto handle(const Stackless& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  static Result<std::unique_ptr<Stackful>> create(Stage& stage, Scheduler& scheduler) {
    return Stackful::create([&stage, &scheduler] {
      stage.add_child(stage.write(stage.plan().child));
      scheduler.park();
    });
  }
  static Stackful* handle(const std::unique_ptr<Stackful>& unit) { return unit.get(); }
};

template <typename CoroutineModel>
class CoroutineCell final : public Cell {
 public:
  explicit CoroutineCell(Stage stage) : stage_(std::move(stage)) {}

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      TRIPTYCH_TRY_ASSIGN(const auto unit, CoroutineModel::create(stage_, scheduler_));
      scheduler_.make_ready(CoroutineModel::handle(unit));
      scheduler_.run();
      stage_.add_during(stage_.write(stage_.plan().during));
      scheduler_.make_ready(CoroutineModel::handle(unit));
      scheduler_.run();
      stage_.add_after(stage_.write(stage_.plan().after));
      stage_.count_operation();
    }
    return {};
  }

  bool needs_restoring() const override { return stage_.plan().needs_restoring; }
  void restore() override { stage_.restore(); }
  std::vector<Metric> metrics() const override { return stage_.metrics(); }
  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Stage stage_;
  typename CoroutineModel::Scheduler scheduler_;
};

template <typename CoroutineModel>
Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Stage stage, Stage::prepare(parameters, Memory::kOfBoth));
  return std::make_unique<CoroutineCell<CoroutineModel>>(std::move(stage));
}

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make<StacklessModel>(parameters);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make<StackfulModel>(parameters);
}

}  // namespace triptych::workloads::cow
