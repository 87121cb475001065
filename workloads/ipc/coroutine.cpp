// SPDX-License-Identifier: Apache-2.0
//
// A channel between two coroutines of one thread: a ring in the heap and a place for who waits.
#include <memory>
#include <utility>
#include <vector>

#include "workloads/ipc/ipc.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/stackless.hpp"

namespace triptych::workloads::ipc {
namespace {

template <typename Scheduler>
class Channel {
 public:
  using Handle = typename Scheduler::Handle;
  Channel(Scheduler& scheduler, std::size_t words)
      : scheduler_(scheduler), words_(words), messages_(kSlots * words) {}

  bool full() const { return written_ - read_ == kSlots; }
  bool empty() const { return written_ == read_; }
  // One side waits at a time: a sender for room or a receiver for a message.
  void wait(Handle self) { waiting_ = self; }

  void put(std::uint64_t number) {
    fill(slot(written_++), words_, number);
    wake();
  }
  std::uint64_t take() {
    const std::uint64_t total = sum(slot(read_++), words_);
    wake();
    return total;
  }

 private:
  std::uint64_t* slot(std::uint64_t number) { return &messages_[number % kSlots * words_]; }
  void wake() {
    if (waiting_) scheduler_.make_ready(std::exchange(waiting_, Handle{}));
  }

  Scheduler& scheduler_;
  std::size_t words_;
  std::vector<std::uint64_t> messages_;
  std::uint64_t written_ = 0;
  std::uint64_t read_ = 0;
  Handle waiting_{};
};

// What the two units have in common.
template <typename Scheduler>
struct Shared {
  Shared(Scheduler& own_scheduler, const Options& options)
      : scheduler(own_scheduler),
        there(own_scheduler, options.words),
        back(own_scheduler, options.words),
        answers(options.pattern == Pattern::kRoundTrip) {}
  Scheduler& scheduler;
  Channel<Scheduler> there;
  Channel<Scheduler> back;
  bool answers;
  std::uint64_t quota = 0;
  std::uint64_t received_there = 0;  // sums of words, in this run
  std::uint64_t received_back = 0;
};

struct WaitOn {
  Channel<StacklessScheduler>* channel;
  bool await_ready() const noexcept { return false; }
  void await_suspend(StacklessScheduler::Handle self) const { channel->wait(self); }
  void await_resume() const noexcept {}
};

struct StacklessModel {
  using Scheduler = StacklessScheduler;
  using Unit = Stackless;

  static Stackless begin(Shared<Scheduler>& shared) {
    while (true) {
      for (std::uint64_t number = 0; number < shared.quota; ++number) {
        while (shared.there.full()) co_await WaitOn{&shared.there};
        shared.there.put(number);
        if (!shared.answers) continue;
        while (shared.back.empty()) co_await WaitOn{&shared.back};
        shared.received_back += shared.back.take();
      }
      co_await std::suspend_always();
    }
  }
  static Stackless answer(Shared<Scheduler>& shared) {
    while (true) {
      for (std::uint64_t number = 0; number < shared.quota; ++number) {
        while (shared.there.empty()) co_await WaitOn{&shared.there};
        shared.received_there += shared.there.take();
        if (!shared.answers) continue;
        while (shared.back.full()) co_await WaitOn{&shared.back};
        shared.back.put(number);
      }
      co_await std::suspend_always();
    }
  }
  static Result<Unit> start_begin(Shared<Scheduler>& shared) { return begin(shared); }
  static Result<Unit> start_answer(Shared<Scheduler>& shared) { return answer(shared); }
  static Scheduler::Handle handle(const Unit& unit) { return unit.handle(); }
};

struct StackfulModel {
  using Scheduler = StackfulScheduler;
  using Unit = std::unique_ptr<Stackful>;

  static void wait_on(Shared<Scheduler>& shared, Channel<Scheduler>& channel) {
    channel.wait(shared.scheduler.current());
    shared.scheduler.park();
  }
  static void begin(Shared<Scheduler>& shared) {
    while (true) {
      for (std::uint64_t number = 0; number < shared.quota; ++number) {
        while (shared.there.full()) wait_on(shared, shared.there);
        shared.there.put(number);
        if (!shared.answers) continue;
        while (shared.back.empty()) wait_on(shared, shared.back);
        shared.received_back += shared.back.take();
      }
      shared.scheduler.park();
    }
  }
  static void answer(Shared<Scheduler>& shared) {
    while (true) {
      for (std::uint64_t number = 0; number < shared.quota; ++number) {
        while (shared.there.empty()) wait_on(shared, shared.there);
        shared.received_there += shared.there.take();
        if (!shared.answers) continue;
        while (shared.back.full()) wait_on(shared, shared.back);
        shared.back.put(number);
      }
      shared.scheduler.park();
    }
  }
  static Result<Unit> start_begin(Shared<Scheduler>& shared) {
    return Stackful::create([&shared] { begin(shared); });
  }
  static Result<Unit> start_answer(Shared<Scheduler>& shared) {
    return Stackful::create([&shared] { answer(shared); });
  }
  static Scheduler::Handle handle(const Unit& unit) { return unit.get(); }
};

template <typename CoroutineModel>
class CoroutineCell final : public Cell {
 public:
  using Scheduler = typename CoroutineModel::Scheduler;
  explicit CoroutineCell(const Options& options)
      : options_(options), shared_(scheduler_, options) {}

  Result<void> start() {
    TRIPTYCH_TRY_ASSIGN(auto first, CoroutineModel::start_begin(shared_));
    units_.push_back(std::move(first));
    TRIPTYCH_TRY_ASSIGN(auto second, CoroutineModel::start_answer(shared_));
    units_.push_back(std::move(second));
    return {};
  }

  Result<void> run(std::uint64_t operations) override {
    shared_.quota = operations;
    shared_.received_there = 0;
    shared_.received_back = 0;
    for (const auto& unit : units_) scheduler_.make_ready(CoroutineModel::handle(unit));
    scheduler_.run();
    const std::uint64_t expected = expected_sum(operations, options_.words);
    const std::uint64_t answers = shared_.answers ? expected : 0;
    if (shared_.received_there == expected && shared_.received_back == answers) return {};
    return fail("a message was lost or changed in the channel");
  }

  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }

 private:
  Options options_;
  Scheduler scheduler_;
  Shared<Scheduler> shared_;
  std::vector<typename CoroutineModel::Unit> units_;
};

template <typename CoroutineModel>
Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
  auto cell = std::make_unique<CoroutineCell<CoroutineModel>>(read_options(parameters));
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

}  // namespace triptych::workloads::ipc
