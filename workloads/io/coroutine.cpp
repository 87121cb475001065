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

// What the units have in common.
struct Shared {
  Options options;
  std::shared_ptr<EchoServer> server;  // null for timers
  EventLoop loop;
  std::uint64_t quota = 0;    // waits of each unit in this run
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

  static Stackless live(Shared& shared, unsigned unit) {
    while (true) {
      for (std::uint64_t i = 0; i < shared.quota; ++i) {
        shared.begin_wait(unit);
        co_await std::suspend_always();
        shared.end_wait(unit);
      }
      --shared.at_work;
      co_await std::suspend_always();
    }
  }
  static Result<Unit> start(Scheduler&, Shared& shared, unsigned unit) {
    return live(shared, unit);
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  static void live(Scheduler& scheduler, Shared& shared, unsigned unit) {
    while (true) {
      for (std::uint64_t i = 0; i < shared.quota; ++i) {
        shared.begin_wait(unit);
        scheduler.park();
        shared.end_wait(unit);
      }
      --shared.at_work;
      scheduler.park();
    }
  }
  static Result<Unit> start(Scheduler& scheduler, Shared& shared, unsigned unit) {
    return Stackful::create([&scheduler, &shared, unit] { live(scheduler, shared, unit); });
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
    units_.reserve(units);
    for (unsigned unit = 0; unit < units; ++unit) {
      TRIPTYCH_TRY_ASSIGN(auto started, CoroutineModel::start(scheduler_, shared_, unit));
      units_.push_back(std::move(started));
      if (!shared_.server) continue;
      const int error = shared_.loop.watch(shared_.server->socket(unit), unit);
      if (error != 0) return fail_errno("cannot watch a socket", error);
    }
    return {};
  }

  Result<void> run(std::uint64_t operations) override {
    const rusage before = own_usage();
    shared_.quota = operations;
    shared_.at_work = units_.size();
    for (const auto& unit : units_) scheduler_.make_ready(CoroutineModel::handle(unit));
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
    const std::uint64_t waits = operations_ * units_.size();
    std::vector<Metric> metrics = wait_metrics(voluntary_, involuntary_, waits, 1);
    if (waits == 0) return metrics;
    metrics.push_back({"epoll_waits_per_wait", "1",
                       static_cast<double>(shared_.loop.sleeps()) / static_cast<double>(waits),
                       "counted"});
    return metrics;
  }

  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Shared shared_;
  Scheduler scheduler_;
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
