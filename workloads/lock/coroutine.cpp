// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <utility>
#include <vector>

#include "workloads/lock/coroutine_locks.hpp"
#include "workloads/lock/lock.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::lock {
namespace {

template <typename Lock>
struct Section {
  template <typename Scheduler>
  Section(Scheduler& scheduler, unsigned parties) : lock(scheduler, parties) {}
  Lock lock;
  std::uint64_t entries = 0;
};

// What a unit knows; it lives as long as the unit.
template <typename Scheduler, typename Lock>
struct Seat {
  Scheduler* scheduler = nullptr;
  Section<Lock>* section = nullptr;
  bool yields = false;  // in the section, once an entry
  std::uint64_t quota = 0;
};

template <typename Lock>
struct Enter {
  Lock* lock;
  bool await_ready() const { return lock->try_enter(); }
  void await_suspend(StacklessScheduler::Handle self) const { lock->queue_up(self); }
  void await_resume() const noexcept {}
};

template <typename Lock>
struct Wait {
  Lock* lock;
  bool await_ready() const noexcept { return false; }
  void await_suspend(StacklessScheduler::Handle self) const { lock->queue_up(self); }
  void await_resume() const noexcept {}
};

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  using Unit = Stackless;

  // Does its quota and suspends, again and again.
  template <typename Lock>
  static Stackless live(Seat<Scheduler, Lock>& seat) {
    Lock& lock = seat.section->lock;
    while (true) {
      for (std::uint64_t i = 0; i < seat.quota; ++i) {
        if constexpr (Lock::kHandsOver) {
          co_await Enter<Lock>{&lock};
        } else {
          while (!lock.try_enter()) co_await Wait<Lock>{&lock};
        }
        lock.count(seat.section->entries);
        if (seat.yields) co_await seat.scheduler->yield();
        lock.leave();
      }
      co_await std::suspend_always();
    }
  }
  template <typename Lock>
  static Result<Unit> start(Seat<Scheduler, Lock>& seat) {
    return live(seat);
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  template <typename Lock>
  static void live(Seat<Scheduler, Lock>& seat) {
    Lock& lock = seat.section->lock;
    while (true) {
      for (std::uint64_t i = 0; i < seat.quota; ++i) {
        while (!lock.try_enter()) {
          lock.queue_up(seat.scheduler->current());
          seat.scheduler->park();
          if (Lock::kHandsOver) break;
        }
        lock.count(seat.section->entries);
        if (seat.yields) seat.scheduler->yield();
        lock.leave();
      }
      seat.scheduler->park();
    }
  }
  template <typename Lock>
  static Result<Unit> start(Seat<Scheduler, Lock>& seat) {
    return Stackful::create([&seat] { live(seat); });
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.get(); }
};

template <typename CoroutineModel, template <typename> typename LockTemplate>
class CoroutineCell final : public Cell {
 public:
  using Scheduler = typename CoroutineModel::Scheduler;
  using Lock = LockTemplate<Scheduler>;

  static Result<std::unique_ptr<Cell>> make(const Options& options) {
    auto cell = std::make_unique<CoroutineCell>();
    cell->meets_ = options.kind == Kind::kBarrier;
    const unsigned sections = options.contended ? 1 : options.units;
    for (unsigned i = 0; i < sections; ++i) {
      cell->sections_.emplace_back(cell->scheduler_, options.contended ? options.units : 1);
    }
    for (unsigned unit = 0; unit < options.units; ++unit) {
      auto& seat = cell->seats_.emplace_back();
      seat.scheduler = &cell->scheduler_;
      seat.section = &cell->sections_[options.contended ? 0 : unit];
      seat.yields = options.contended && Lock::kHolds;
      TRIPTYCH_TRY_ASSIGN(auto started, CoroutineModel::start(seat));
      cell->units_.push_back(std::move(started));
    }
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    const std::uint64_t units = seats_.size();
    for (std::uint64_t unit = 0; unit < units; ++unit) {
      seats_[unit].quota =
          meets_ ? operations : operations / units + (unit < operations % units ? 1 : 0);
      scheduler_.make_ready(CoroutineModel::handle(units_[unit]));
    }
    scheduler_.run();
    expected_ += meets_ ? operations * units : operations;
    std::uint64_t counted = 0;
    for (const auto& section : sections_) counted += section.entries;
    return check_entries(counted, expected_);
  }

  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  bool meets_ = false;
  std::uint64_t expected_ = 0;
  Scheduler scheduler_;
  std::deque<Section<Lock>> sections_;
  std::deque<Seat<Scheduler, Lock>> seats_;
  std::vector<typename CoroutineModel::Unit> units_;
};

template <typename CoroutineModel>
Result<std::unique_ptr<Cell>> make(const Options& options) {
  switch (options.kind) {
    case Kind::kMutex:
      return CoroutineCell<CoroutineModel, CoroutineMutex>::make(options);
    case Kind::kSpin:
      return fail("coroutines of one thread cannot use a spin lock",
                  "who spins never lets the holder go on; take lock=mutex or lock=atomic",
                  ErrorCode::kUsage);
    case Kind::kSemaphore:
      return CoroutineCell<CoroutineModel, CoroutineSemaphore>::make(options);
    case Kind::kCondvar:
      return CoroutineCell<CoroutineModel, CoroutineCondvar>::make(options);
    case Kind::kBarrier:
      return CoroutineCell<CoroutineModel, CoroutineBarrier>::make(options);
    case Kind::kAtomic:
      break;
  }
  return CoroutineCell<CoroutineModel, CoroutineAtomic>::make(options);
}

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make<StacklessModel>(read_options(parameters));
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make<StackfulModel>(read_options(parameters));
}

}  // namespace triptych::workloads::lock
