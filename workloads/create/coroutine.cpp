// SPDX-License-Identifier: Apache-2.0
#include <ucontext.h>

#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <coroutine>
#include <cstdlib>

#include "workloads/create/create.hpp"
#include "workloads/support/visible.hpp"

namespace triptych::workloads::create {
namespace {

class CoroutineCell : public Cell {
 public:
  explicit CoroutineCell(Parent parent) : parent_(std::move(parent)) {}
  std::vector<Metric> metrics() const override { return parent_.metrics(); }
  std::uint64_t coroutine_switches() const override { return units_; }

 protected:
  void count(std::uint64_t operations) { units_ += operations; }

 private:
  Parent parent_;
  std::uint64_t units_ = 0;
};

struct Unit {
  struct Promise {
    Unit get_return_object() { return {std::coroutine_handle<Promise>::from_promise(*this)}; }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::abort(); }
  };
  using promise_type = VisiblePromise<Promise>;
  std::coroutine_handle<Promise> handle;
};

// Not inlined: a compiler that sees both ends may leave the allocation out.
[[gnu::noinline]] Unit do_nothing_stackless() {
  co_return;
}

class StacklessCell final : public CoroutineCell {
 public:
  using CoroutineCell::CoroutineCell;

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const Unit unit = do_nothing_stackless();
      unit.handle.resume();
      unit.handle.destroy();
    }
    count(operations);
    return {};
  }
};

constinit VisibleStacks stackful_units{"stackful unit"};
constinit VisibleStacks ucontext_units{"ucontext unit"};

class StackfulCell final : public CoroutineCell {
 public:
  using CoroutineCell::CoroutineCell;

  Result<void> run(std::uint64_t operations) override {
    namespace context = boost::context;
    for (std::uint64_t i = 0; i < operations; ++i) {
      context::fiber unit(std::allocator_arg, context::fixedsize_stack(kSmallStackBytes),
                          [](context::fiber&& caller) { return std::move(caller); });
      stackful_units.created(&unit);
      stackful_units.switched(nullptr, &unit);
      unit = std::move(unit).resume();
      stackful_units.finished(&unit);
      stackful_units.destroyed(&unit);
    }
    count(operations);
    return {};
  }
};

void do_nothing_ucontext() {}

// A function of its own: getcontext returns twice as far as the compiler knows.
[[gnu::noinline]] void live_ucontext(char* stack) {
  ucontext_t caller;
  ucontext_t unit;
  ::getcontext(&unit);
  unit.uc_stack.ss_sp = stack;
  unit.uc_stack.ss_size = kSmallStackBytes;
  unit.uc_link = &caller;
  ::makecontext(&unit, do_nothing_ucontext, 0);
  ucontext_units.created(stack);
  ucontext_units.switched(nullptr, stack);
  ::swapcontext(&caller, &unit);
  ucontext_units.finished(stack);
  ucontext_units.destroyed(stack);
}

class UcontextCell final : public CoroutineCell {
 public:
  using CoroutineCell::CoroutineCell;

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) {
      const std::unique_ptr<char[]> stack(new char[kSmallStackBytes]);
      live_ucontext(stack.get());
    }
    count(operations);
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters) {
  return make_cell<StacklessCell>(parameters);
}

Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters) {
  return make_cell<StackfulCell>(parameters);
}

Result<std::unique_ptr<Cell>> make_ucontext(const Parameters& parameters) {
  return make_cell<UcontextCell>(parameters);
}

}  // namespace triptych::workloads::create
