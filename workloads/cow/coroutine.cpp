// SPDX-License-Identifier: Apache-2.0
//
// The unit writes when it is resumed first and ends when it is resumed again, after the creator has
// written its own share: two switches each way.
#include "workloads/cow/cow.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::cow {
namespace {

Stackless live_stackless(Stage& stage) {
  stage.add_child(stage.write(stage.plan().child));
  co_await std::suspend_always();
}

class StacklessCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(Stage stage) {
    auto cell = std::make_unique<StacklessCell>();
    cell->stage_ = std::move(stage);
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      stage_.restore();
      const Stackless unit = live_stackless(stage_);
      scheduler_.make_ready(unit.handle());
      scheduler_.run();
      stage_.add_during(stage_.write(stage_.plan().during));
      scheduler_.make_ready(unit.handle());
      scheduler_.run();
      stage_.add_after(stage_.write(stage_.plan().after));
      stage_.count_operation();
    }
    return {};
  }

  std::vector<Metric> metrics() const override { return stage_.metrics(false); }
  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Stage stage_;
  StacklessScheduler scheduler_;
};

class StackfulCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(Stage stage) {
    auto cell = std::make_unique<StackfulCell>();
    cell->stage_ = std::move(stage);
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      stage_.restore();
      TRIPTYCH_TRY_ASSIGN(const auto unit, Stackful::create([this] {
                            stage_.add_child(stage_.write(stage_.plan().child));
                            scheduler_.park();
                          }));
      scheduler_.make_ready(unit.get());
      scheduler_.run();
      stage_.add_during(stage_.write(stage_.plan().during));
      scheduler_.make_ready(unit.get());
      scheduler_.run();
      stage_.add_after(stage_.write(stage_.plan().after));
      stage_.count_operation();
    }
    return {};
  }

  std::vector<Metric> metrics() const override { return stage_.metrics(false); }
  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Stage stage_;
  StackfulScheduler scheduler_;
};

template <typename SomeCell>
Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Stage stage, Stage::prepare(parameters));
  return SomeCell::make(std::move(stage));
}

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make<StacklessCell>(parameters);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make<StackfulCell>(parameters);
}

}  // namespace triptych::workloads::cow
