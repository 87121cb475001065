// SPDX-License-Identifier: Apache-2.0
#include <coroutine>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include "workloads/idle/herd_cell.hpp"
#include "workloads/idle/idle.hpp"
#include "workloads/support/stackful.hpp"
#include "workloads/support/visible.hpp"

namespace triptych::workloads::idle {
namespace {

constexpr std::uint64_t kMost = 1'000'000;
constexpr UnitNeeds kStacklessNeeds{0, 256, 0, kMost};
constexpr UnitNeeds kStackfulNeeds{0, 12 << 10, kMappingsPerGuardedStack, kMost};

// A coroutine that says how large its frame is.
struct Unit {
  struct Promise {
    static inline std::size_t frame_bytes = 0;
    static void* operator new(std::size_t bytes) {
      frame_bytes = bytes;
      return ::operator new(bytes);
    }
    static void operator delete(void* frame) { ::operator delete(frame); }
    Unit get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  using promise_type = VisiblePromise<Promise>;
  std::coroutine_handle<Promise> handle;
};

// Not inlined, so that its frame is allocated.
[[gnu::noinline]] Unit wait_for_good() {
  co_await std::suspend_always();
}

class StacklessHerd final : public Herd {
 public:
  static Result<std::unique_ptr<Herd>> make(std::uint64_t units) {
    auto herd = std::make_unique<StacklessHerd>();
    herd->units_.reserve(units);
    for (std::uint64_t i = 0; i < units; ++i) {
      herd->units_.push_back(wait_for_good());
      herd->units_.back().handle.resume();
    }
    return herd;
  }
  ~StacklessHerd() override {
    for (const Unit& unit : units_) unit.handle.destroy();
  }
  // Each was resumed until it waited.
  std::uint64_t coroutine_switches() const override { return units_.size(); }
  std::vector<Metric> metrics() const override {
    return {{"frame_bytes", "bytes", static_cast<double>(Unit::Promise::frame_bytes),
             "the size asked of operator new"}};
  }

 private:
  std::vector<Unit> units_;
};

class StackfulHerd final : public Herd {
 public:
  static Result<std::unique_ptr<Herd>> make(std::uint64_t units) {
    auto herd = std::make_unique<StackfulHerd>();
    herd->units_.reserve(units);
    StackfulScheduler& scheduler = herd->scheduler_;
    for (std::uint64_t i = 0; i < units; ++i) {
      TRIPTYCH_TRY_ASSIGN(auto unit, Stackful::create([&scheduler] { scheduler.park(); }));
      scheduler.make_ready(unit.get());
      scheduler.run();
      herd->units_.push_back(std::move(unit));
    }
    return herd;
  }
  std::uint64_t coroutine_switches() const override { return scheduler_.switches(); }
  std::vector<Metric> metrics() const override {
    return {{"stack_bytes", "bytes", static_cast<double>(kStackfulStackBytes),
             "the size asked of mmap, without the guard page"}};
  }

 private:
  StackfulScheduler scheduler_;
  std::vector<std::unique_ptr<Stackful>> units_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Decision decision, decide(parameters, kStacklessNeeds));
  return make_herd_cell(std::move(decision), StacklessHerd::make);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Decision decision, decide(parameters, kStackfulNeeds));
  return make_herd_cell(std::move(decision), StackfulHerd::make);
}

}  // namespace triptych::workloads::idle
