// SPDX-License-Identifier: Apache-2.0
//
// A coroutine for each unit, all of one thread. When none is ready the thread sleeps in the event
// loop, which makes those ready whose wait is over.
#include <sys/resource.h>

#include <memory>
#include <utility>
#include <vector>

#include "workloads/io/echo_server.hpp"
#include "workloads/io/event_loop.hpp"
#include "workloads/io/io.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::io {
namespace {

struct Seat {
  unsigned unit = 0;
  std::uint64_t quota = 0;
};

// What the units have in common.
struct Shared {
  Options options;
  std::shared_ptr<EchoServer> server;  // null for timers
  EventLoop loop;
  std::uint64_t at_work = 0;  // units that have not done their quota
  int error = 0;              // the first one

  // The two halves of a wait; in between the unit is suspended.
  void begin_wait(unsigned unit) {
    if (server) {
      note(ask(server->socket(unit)));
    } else {
      loop.wake_at(now_ns() + options.delay_ns, unit);
    }
  }
  void end_wait(unsigned unit) {
    if (server) note(take_answer(server->socket(unit)));
  }
  void note(int new_error) {
    if (error == 0) error = new_error;
  }
};

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  using Unit = Stackless;

  static Stackless live(Shared& shared, Seat& seat) {
    while (true) {
      for (std::uint64_t i = 0; i < seat.quota; ++i) {
        shared.begin_wait(seat.unit);
        co_await std::suspend_always();
        shared.end_wait(seat.unit);
      }
      --shared.at_work;
      co_await std::suspend_always();
    }
  }
  static Result<Unit> start(Scheduler&, Shared& shared, Seat& seat) { return live(shared, seat); }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  static void live(Scheduler& scheduler, Shared& shared, Seat& seat) {
    while (true) {
      for (std::uint64_t i = 0; i < seat.quota; ++i) {
        shared.begin_wait(seat.unit);
        scheduler.park();
        shared.end_wait(seat.unit);
      }
      --shared.at_work;
      scheduler.park();
    }
  }
  static Result<Unit> start(Scheduler& scheduler, Shared& shared, Seat& seat) {
    return Stackful::create([&scheduler, &shared, &seat] { live(scheduler, shared, seat); });
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.get(); }
};

rusage own_usage() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage;
}

template <typename CoroutineModel>
class CoroutineCell final : public Cell {
 public:
  using Scheduler = typename CoroutineModel::Scheduler;
  explicit CoroutineCell(Shared shared) : shared_(std::move(shared)) {}

  Result<void> start() {
    const unsigned units = shared_.options.units;
    seats_.resize(units);
    units_.reserve(units);
    for (unsigned unit = 0; unit < units; ++unit) {
      seats_[unit].unit = unit;
      TRIPTYCH_TRY_ASSIGN(auto started, CoroutineModel::start(scheduler_, shared_, seats_[unit]));
      units_.push_back(std::move(started));
      if (!shared_.server) continue;
      const int error = shared_.loop.watch(shared_.server->socket(unit), unit);
      if (error != 0) return fail_errno("cannot watch a socket", error);
    }
    return {};
  }

  Result<void> run(std::uint64_t operations) override {
    const rusage before = own_usage();
    const std::uint64_t units = units_.size();
    shared_.at_work = units;
    for (std::uint64_t unit = 0; unit < units; ++unit) {
      seats_[unit].quota = operations / units + (unit < operations % units ? 1 : 0);
      scheduler_.make_ready(CoroutineModel::handle(units_[unit]));
    }
    scheduler_.run();
    while (shared_.at_work > 0 && shared_.error == 0) {
      shared_.note(shared_.loop.wait(&fired_));
      for (const std::uint32_t unit : fired_) {
        scheduler_.make_ready(CoroutineModel::handle(units_[unit]));
      }
      scheduler_.run();
    }
    if (shared_.error != 0) return fail_errno("a unit could not wait", shared_.error);
    const rusage after = own_usage();
    operations_ += operations;
    voluntary_ += static_cast<std::uint64_t>(after.ru_nvcsw - before.ru_nvcsw);
    involuntary_ += static_cast<std::uint64_t>(after.ru_nivcsw - before.ru_nivcsw);
    return {};
  }

  std::vector<Metric> metrics() const override {
    if (operations_ == 0) return {};
    const auto per_operation = [this](std::uint64_t count) {
      return static_cast<double>(count) / static_cast<double>(operations_);
    };
    return {{"voluntary_switches_per_operation", "1", per_operation(voluntary_),
             "getrusage of the thread, ru_nvcsw"},
            {"involuntary_switches_per_operation", "1", per_operation(involuntary_),
             "getrusage of the thread, ru_nivcsw"},
            {"epoll_waits_per_operation", "1", per_operation(shared_.loop.sleeps()), "counted"},
            {"tids", "1", 1, "counted; of the units"}};
  }

  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Shared shared_;
  Scheduler scheduler_;
  std::vector<Seat> seats_;
  std::vector<typename CoroutineModel::Unit> units_;
  std::vector<std::uint32_t> fired_;
  std::uint64_t operations_ = 0;
  std::uint64_t voluntary_ = 0;
  std::uint64_t involuntary_ = 0;
};

template <typename CoroutineModel>
Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
  const Options options = read_options(parameters);
  TRIPTYCH_TRY(check_machine(options, 0));
  std::shared_ptr<EchoServer> server;
  if (options.wait == Wait::kSocket) {
    TRIPTYCH_TRY_ASSIGN(server, EchoServer::start(options.units, options.delay_ns));
  }
  TRIPTYCH_TRY_ASSIGN(EventLoop loop, EventLoop::create());
  auto cell = std::make_unique<CoroutineCell<CoroutineModel>>(
      Shared{options, std::move(server), std::move(loop)});
  TRIPTYCH_TRY(cell->start());
  return cell;
}

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make<StacklessModel>(parameters);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make<StackfulModel>(parameters);
}

}  // namespace triptych::workloads::io
