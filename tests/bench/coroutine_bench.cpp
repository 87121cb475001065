// SPDX-License-Identifier: Apache-2.0
//
// What an event of the coroutine recorder costs: while nobody records, while somebody does, and on
// many threads at once.
#include <benchmark/benchmark.h>

#include <coroutine>
#include <triptych/coroutine.hpp>

namespace {

const int kCode = 0;

void arm(bool armed) {
  auto* word = const_cast<std::uint32_t*>(const_cast<const std::uint32_t*>(triptych_coro_armed));
  auto* header = reinterpret_cast<triptych_coro_header*>(reinterpret_cast<char*>(word) -
                                                         offsetof(triptych_coro_header, armed));
  header->armed_until = ~std::uint64_t{0};
  __atomic_store_n(word, armed ? 1u : 0u, __ATOMIC_RELEASE);
}

// Two events a round. Armed or not, by the first argument; the column of CPU time is each thread's.
void resume_and_suspend(benchmark::State& state) {
  const std::uint32_t function = triptych_coro_function(&kCode, "bench", 0);
  const auto id = static_cast<std::uint64_t>(state.thread_index()) + 1;
  if (state.thread_index() == 0) arm(state.range(0) != 0);
  for (auto _ : state) {
    triptych_coro_resume(id, function);
    triptych_coro_suspend(id, function);
    benchmark::ClobberMemory();
  }
  state.counters["per_event"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 2 / static_cast<double>(state.threads()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  if (state.thread_index() == 0) arm(false);
}
BENCHMARK(resume_and_suspend)->Arg(0);
BENCHMARK(resume_and_suspend)->Arg(1)->ThreadRange(1, 64)->UseRealTime();

// Four events a round by two readings of the clock.
void transfer(benchmark::State& state) {
  const std::uint32_t function = triptych_coro_function(&kCode, "bench", 0);
  arm(state.range(0) != 0);
  triptych_coro_resume(1, function);
  for (auto _ : state) {
    triptych_coro_transfer(1, function, 2, function);
    triptych_coro_transfer(2, function, 1, function);
    benchmark::ClobberMemory();
  }
  arm(false);
}
BENCHMARK(transfer)->Arg(0)->Arg(1);

template <class P>
struct Loop {
  using promise_type = P;
  std::coroutine_handle<> handle;
};
template <class Self>
struct BasicPromise {
  Loop<Self> get_return_object() {
    return {std::coroutine_handle<Self>::from_promise(static_cast<Self&>(*this))};
  }
  static std::suspend_always initial_suspend() { return {}; }
  static std::suspend_always final_suspend() noexcept { return {}; }
  void return_void() {}
  static void unhandled_exception() {}
};
struct PlainPromise : BasicPromise<PlainPromise> {};
struct InnerPromise : BasicPromise<InnerPromise> {
  Loop<triptych::traced_promise<InnerPromise>> get_return_object() {
    return {std::coroutine_handle<InnerPromise>::from_promise(*this)};
  }
};

template <class P>
Loop<P> forever() {
  for (;;) co_await std::suspend_always{};
}

// A coroutine that is resumed and suspends again: bare, and with the promise wrapped.
template <class P>
void coroutine_round(benchmark::State& state) {
  arm(state.range(0) != 0);
  const Loop<P> loop = forever<P>();
  for (auto _ : state) loop.handle.resume();
  loop.handle.destroy();
  arm(false);
}
BENCHMARK(coroutine_round<PlainPromise>)->Arg(0);
BENCHMARK(coroutine_round<triptych::traced_promise<InnerPromise>>)->Arg(0)->Arg(1);

}  // namespace
