// SPDX-License-Identifier: Apache-2.0
//
// The ring of coroutines is the scheduler's queue: who hands over goes behind the others. A run
// makes every unit ready and lets them go round; when the handovers are used up each of them is
// resumed once more, sees it, and suspends. That is what the control run shows.
#include <ucontext.h>

#include <deque>

#include "workloads/limits.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"
#include "workloads/support/visible.hpp"
#include "workloads/switch/switch.hpp"

namespace triptych::workloads::switching {
namespace {

template <typename Scheduler>
struct Seat {
  Scheduler* scheduler = nullptr;
  std::uint64_t* handovers = nullptr;  // that are left, of all
  WorkingSet set;
};

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  using Unit = Stackless;

  static Stackless live(Seat<Scheduler>& seat) {
    while (true) {
      while (*seat.handovers > 0) {
        --*seat.handovers;
        seat.set.use();
        co_await seat.scheduler->yield();
      }
      co_await std::suspend_always();
    }
  }
  static Result<Unit> start(Seat<Scheduler>& seat) { return live(seat); }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  static void live(Seat<Scheduler>& seat) {
    while (true) {
      while (*seat.handovers > 0) {
        --*seat.handovers;
        seat.set.use();
        seat.scheduler->yield();
      }
      seat.scheduler->park();
    }
  }
  static Result<Unit> start(Seat<Scheduler>& seat) {
    return Stackful::create([&seat] { live(seat); });
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.get(); }
};

template <typename CoroutineModel>
class CoroutineCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters,
                                            const Placement& placement) {
    auto cell = std::make_unique<CoroutineCell>();
    cell->placement_ = placement;
    for (std::uint64_t i = 0; i < parameters.value("units"); ++i) {
      auto& seat = cell->seats_.emplace_back();
      seat.scheduler = &cell->scheduler_;
      seat.handovers = &cell->handovers_;
      TRIPTYCH_TRY_ASSIGN(seat.set, WorkingSet::create(parameters.value("working-set")));
      TRIPTYCH_TRY_ASSIGN(auto unit, CoroutineModel::start(seat));
      cell->units_.push_back(std::move(unit));
    }
    cell->placement_.place(0);
    return cell;
  }
  ~CoroutineCell() override { placement_.restore(); }

  Result<void> run(std::uint64_t operations) override {
    handovers_ = operations * kHandoversPerOperation;
    for (const auto& unit : units_) scheduler_.make_ready(CoroutineModel::handle(unit));
    scheduler_.run();
    return {};
  }

  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Placement placement_;
  typename CoroutineModel::Scheduler scheduler_;
  std::uint64_t handovers_ = 0;
  std::deque<Seat<typename CoroutineModel::Scheduler>> seats_;
  std::vector<typename CoroutineModel::Unit> units_;
};

constinit VisibleStacks ucontext_units{"ucontext unit"};

// A ring without a queue, as small as it can be: what is measured is swapcontext.
class UcontextCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters,
                                            const Placement& placement) {
    auto cell = std::make_unique<UcontextCell>();
    cell->placement_ = placement;
    for (std::uint64_t i = 0; i < parameters.value("units"); ++i) {
      TRIPTYCH_TRY_ASSIGN(WorkingSet set, WorkingSet::create(parameters.value("working-set")));
      TRIPTYCH_TRY_ASSIGN(GuardedStack stack, GuardedStack::create(kStackfulStackBytes));
      cell->units_.push_back({std::move(set), std::move(stack), {}});
    }
    for (Unit& unit : cell->units_) prepare(&unit);
    cell->placement_.place(0);
    return cell;
  }
  ~UcontextCell() override {
    for (const Unit& unit : units_) ucontext_units.destroyed(&unit);
    placement_.restore();
  }

  Result<void> run(std::uint64_t operations) override {
    handovers_ = operations * kHandoversPerOperation;
    running_ = this;
    ucontext_units.switched(nullptr, &units_[current_]);
    ::swapcontext(&caller_, &units_[current_].context);
    running_ = nullptr;
    return {};
  }

  std::uint64_t coroutine_switches() const override { return switches_; }

 private:
  struct Unit {
    WorkingSet set;
    GuardedStack stack;
    ucontext_t context;
  };

  static void prepare(Unit* unit) {
    ::getcontext(&unit->context);
    unit->context.uc_stack.ss_sp = static_cast<char*>(unit->stack.top()) - unit->stack.bytes();
    unit->context.uc_stack.ss_size = unit->stack.bytes();
    ::makecontext(&unit->context, live, 0);
    ucontext_units.created(unit);
  }

  static void live() {
    while (true) {
      UcontextCell& cell = *running_;
      Unit& own = cell.units_[cell.current_];
      ++cell.switches_;
      if (cell.handovers_ == 0) {
        ucontext_units.switched(&own, nullptr);
        ::swapcontext(&own.context, &cell.caller_);
        continue;
      }
      --cell.handovers_;
      own.set.use();
      cell.current_ = (cell.current_ + 1) % cell.units_.size();
      ucontext_units.switched(&own, &cell.units_[cell.current_]);
      ::swapcontext(&own.context, &cell.units_[cell.current_].context);
    }
  }

  static inline UcontextCell* running_ = nullptr;
  Placement placement_;
  std::deque<Unit> units_;
  std::size_t current_ = 0;
  std::uint64_t handovers_ = 0;
  std::uint64_t switches_ = 0;
  ucontext_t caller_{};
};

template <typename SomeCell>
Result<std::unique_ptr<Cell>> make(const Parameters& parameters, std::uint64_t stack_bytes) {
  if (parameters.choice("placement") == "two") {
    return fail("placement=two is not possible for coroutines: theirs is one thread", {},
                ErrorCode::kUsage);
  }
  const std::uint64_t units = parameters.value("units");
  Needs needs;
  needs.memory_bytes = units * (parameters.value("working-set") + stack_bytes + kPageBytes);
  needs.mappings = units * (1 + (stack_bytes > 0 ? kMappingsPerGuardedStack : 0));
  TRIPTYCH_TRY(require(needs));
  TRIPTYCH_TRY_ASSIGN(const Placement placement, Placement::create(parameters.choice("placement")));
  return SomeCell::make(parameters, placement);
}

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make<CoroutineCell<StacklessModel>>(parameters, 0);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make<CoroutineCell<StackfulModel>>(parameters, kPageBytes);
}

Result<std::unique_ptr<Cell>> make_ucontext(const Parameters& parameters) {
  return make<UcontextCell>(parameters, kPageBytes);
}

}  // namespace triptych::workloads::switching
