// SPDX-License-Identifier: Apache-2.0
//
// Events a second through the analysis alone, on one core: what reading and decoding cost is not in
// it.
#include <benchmark/benchmark.h>

#include <vector>

#include "analyze/analysis.hpp"

namespace triptych {
namespace {

// Pairs of tasks, each pair on a CPU of its own, that wake each other and go to sleep: two wakeups
// and two switches a round, one event object used again and again, as a source does it.
class PingPong {
 public:
  explicit PingPong(std::uint32_t pairs)
      : started_(pairs), sequence_(2 * std::size_t{pairs}), pairs_(pairs) {}

  void begin(analyze::Analysis& analysis) {
    for (std::uint32_t i = 0; i < 2 * pairs_; ++i) {
      event_.task = task(i);
      model::TaskNew created;
      created.tid = created.tgid = static_cast<model::Tid>(100 + i);
      created.mm = model::MmId{i + 1};
      event_.payload = created;
      analysis.push(event_);
      wake(analysis, i);
    }
  }

  static constexpr std::int64_t kEventsARound = 5;
  void round(analyze::Analysis& analysis, std::uint32_t pair) {
    const std::uint32_t a = 2 * pair, b = a + 1;
    if (started_[pair]) {  // creation has woken them already
      wake(analysis, a);
      wake(analysis, b);
    }
    started_[pair] = true;
    change(analysis, pair, model::kIdleTask, task(a), 0, sequence_[a]);
    change(analysis, pair, task(a), task(b), ++sequence_[a], sequence_[b]);
    change(analysis, pair, task(b), model::kIdleTask, ++sequence_[b], 0);
  }

 private:
  static model::TaskId task(std::uint32_t i) { return model::TaskId{i + 2}; }

  void wake(analyze::Analysis& analysis, std::uint32_t i) {
    event_.ts_ns += 400;
    event_.task = task(i);
    event_.cpu = static_cast<std::uint16_t>(i / 2 % 64);
    event_.payload = model::Wakeup{};
    analysis.push(event_);
  }
  void change(analyze::Analysis& analysis, std::uint32_t pair, model::TaskId prev,
              model::TaskId next, std::uint16_t prev_seq, std::uint16_t next_seq) {
    event_.ts_ns += 500 + (event_.ts_ns >> 3 & 255);
    event_.task = prev;
    event_.cpu = static_cast<std::uint16_t>(pair % 64);
    model::Switch record;
    record.next = next;
    record.prev_state = 1;
    record.syscall = 0;
    record.prev_seq = prev_seq;
    record.next_seq = next_seq;
    record.prev_target = prev != model::kIdleTask;
    record.voluntary = record.prev_target;
    record.next_target = record.mm_change = next != model::kIdleTask;
    event_.payload = record;
    analysis.push(event_);
  }

  model::Event event_;
  std::vector<bool> started_;
  std::vector<std::uint16_t> sequence_;
  std::uint32_t pairs_;
};

void switches_and_wakeups(benchmark::State& state) {
  const auto pairs = static_cast<std::uint32_t>(state.range(0));
  analyze::Analysis analysis{model::Metadata{}};
  PingPong program(pairs);
  program.begin(analysis);
  std::uint32_t pair = 0;
  for (auto _ : state) {
    program.round(analysis, pair);
    pair = pair + 1 == pairs ? 0 : pair + 1;
  }
  state.SetItemsProcessed(state.iterations() * PingPong::kEventsARound);
  const auto summary = analysis.finish({}, {}, 0);
  if (!(summary->quality == model::DataQuality{})) state.SkipWithError("not a clean trace");
}
BENCHMARK(switches_and_wakeups)->Arg(1)->Arg(64)->Arg(10'000);

void page_faults(benchmark::State& state) {
  analyze::Analysis analysis{model::Metadata{}};
  PingPong program(1);
  program.begin(analysis);
  model::Event event;
  event.ts_ns = 1'000'000;
  event.task = model::kFirstTask;
  model::Fault fault;
  fault.mapping = model::Mapping::kAnon;
  fault.error_code = 6;
  fault.zeroed = true;
  fault.pages = 1;
  fault.mm = model::MmId{1};
  for (auto _ : state) {
    event.ts_ns += 1000;
    fault.duration_ns = static_cast<std::uint32_t>(500 + (event.ts_ns & 1023));
    event.payload = fault;
    analysis.push(event);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(page_faults);

}  // namespace
}  // namespace triptych
