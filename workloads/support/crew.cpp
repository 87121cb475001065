// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/crew.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <new>
#include <utility>

#include "workloads/memory.hpp"
#include "workloads/support/child.hpp"
#include "workloads/support/futex.hpp"
#include "workloads/support/thread_usage.hpp"

namespace triptych::workloads {

// What one unit writes, on cache lines of its own.
struct alignas(128) CrewSeat {
  std::uint64_t quota = 0;  // written by the parent, before the gate opens
  Usage usage;
};

struct alignas(128) CrewGate {
  std::atomic<std::uint32_t> generation{0};  // one more for each run
  std::atomic<bool> stop{false};
  alignas(128) std::atomic<std::uint32_t> working{0};  // units that are not yet done
  std::atomic<std::uint32_t> error{0};                 // the first errno
};

struct Crew::State {
  Model model = Model::kThread;
  Sharing sharing = Sharing::kThreads;
  Work work;
  Mapping memory;  // the gate, then the seats
  std::vector<pid_t> children;
  std::vector<pthread_t> threads;
  unsigned units = 0;

  CrewGate& gate() const { return *at<CrewGate>(0); }
  CrewSeat& seat(unsigned unit) const { return at<CrewSeat>(sizeof(CrewGate))[unit]; }
  void live(unsigned unit);

 private:
  template <typename T>
  T* at(std::size_t offset) const {
    return static_cast<T*>(static_cast<void*>(memory.data() + offset));
  }
};

namespace {

constexpr timespec kLookInterval{0, 200'000'000};  // at units that may have ended

struct Seated {
  std::function<void()> live;
};

void* thread_main(void* argument) {
  const std::unique_ptr<Seated> seated(static_cast<Seated*>(argument));
  seated->live();
  return nullptr;
}

}  // namespace

void Crew::State::live(unsigned unit) {
  CrewGate& own_gate = gate();
  CrewSeat& own_seat = seat(unit);
  std::uint32_t seen = 0;
  while (true) {
    std::uint32_t now = own_gate.generation.load();
    while (now == seen) {
      futex_wait(&own_gate.generation, seen, sharing);
      now = own_gate.generation.load();
    }
    seen = now;
    if (own_gate.stop.load()) return;
    const Usage before = usage_of_this_thread();
    const int error = work(unit, own_seat.quota);
    own_seat.usage += usage_of_this_thread() - before;
    if (error != 0) {
      std::uint32_t none = 0;
      own_gate.error.compare_exchange_strong(none, static_cast<std::uint32_t>(error));
    }
    if (own_gate.working.fetch_sub(1) == 1 || error != 0) {
      futex_wake(&own_gate.working, 1, sharing);
    }
  }
}

Crew::Crew(std::shared_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Crew>> Crew::start(Model model, unsigned units, Work work) {
  auto state = std::make_shared<State>();
  state->model = model;
  state->sharing = model == Model::kProcess ? Sharing::kProcesses : Sharing::kThreads;
  state->work = std::move(work);
  state->units = units;
  TRIPTYCH_TRY_ASSIGN(state->memory, Mapping::shared(sizeof(CrewGate) + units * sizeof(CrewSeat)));
  new (state->memory.data()) CrewGate;
  for (unsigned unit = 0; unit < units; ++unit) new (&state->seat(unit)) CrewSeat;
  std::unique_ptr<Crew> crew(new Crew(state));
  for (unsigned unit = 0; unit < units; ++unit) {
    if (model == Model::kProcess) {
      TRIPTYCH_TRY_ASSIGN(const pid_t child, start_child([&] {
                            state->live(unit);
                            return 0;
                          }));
      state->children.push_back(child);
      continue;
    }
    auto seated = std::make_unique<Seated>(Seated{[state, unit] { state->live(unit); }});
    pthread_t thread{};
    const int error = ::pthread_create(&thread, nullptr, thread_main, seated.get());
    if (error != 0) return fail_errno("cannot start a thread", error);
    static_cast<void>(seated.release());  // the thread owns it now
    state->threads.push_back(thread);
  }
  return crew;
}

Crew::~Crew() {
  if (failed_) {
    for (const pid_t child : state_->children) ::kill(child, SIGKILL);
  }
  state_->gate().stop.store(true);
  state_->gate().generation.fetch_add(1);
  futex_wake(&state_->gate().generation, INT_MAX, state_->sharing);
  for (const pid_t child : state_->children) reap(child);
  for (const pthread_t thread : state_->threads) {
    if (failed_) {
      ::pthread_detach(thread);
    } else {
      ::pthread_join(thread, nullptr);
    }
  }
}

Result<void> Crew::run_divided(std::uint64_t operations) {
  for (unsigned unit = 0; unit < state_->units; ++unit) {
    state_->seat(unit).quota = operations / state_->units + (unit < operations % state_->units);
  }
  return release_and_wait();
}

Result<void> Crew::run_each(std::uint64_t operations) {
  for (unsigned unit = 0; unit < state_->units; ++unit) state_->seat(unit).quota = operations;
  return release_and_wait();
}

Result<void> Crew::release_and_wait() {
  CrewGate& gate = state_->gate();
  gate.working.store(state_->units);
  gate.generation.fetch_add(1);
  futex_wake(&gate.generation, INT_MAX, state_->sharing);
  while (true) {
    const std::uint32_t working = gate.working.load();
    if (const std::uint32_t error = gate.error.load(); error != 0) {
      failed_ = true;
      return fail_errno("a unit could not do its work", static_cast<int>(error));
    }
    if (working == 0) return {};
    futex_wait(&gate.working, working, state_->sharing, &kLookInterval);
    if (gate.working.load() == working) TRIPTYCH_TRY(check_units());
  }
}

Result<void> Crew::check_units() {
  for (const pid_t child : state_->children) {
    if (!has_ended(child)) continue;
    failed_ = true;
    return fail(fmt::format("the process {} ended before its work was done", child));
  }
  return {};
}

Usage Crew::usage() const {
  Usage sum;
  for (unsigned unit = 0; unit < state_->units; ++unit) sum += state_->seat(unit).usage;
  return sum;
}

Usage Crew::usage_of_processes() const {
  return state_->model == Model::kProcess ? usage() : Usage{};
}

std::vector<Metric> switch_metrics(const Crew& crew, std::uint64_t operations) {
  if (operations == 0) return {};
  const Usage usage = crew.usage();
  const auto per_operation = [operations](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(operations);
  };
  return {{"voluntary_switches_per_operation", "1", per_operation(usage.voluntary_switches),
           "getrusage of each unit, ru_nvcsw"},
          {"involuntary_switches_per_operation", "1", per_operation(usage.involuntary_switches),
           "getrusage of each unit, ru_nivcsw"}};
}

}  // namespace triptych::workloads
