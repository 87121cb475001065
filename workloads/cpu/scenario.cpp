// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "workloads/cpu/cpu.hpp"
#include "workloads/limits.hpp"

namespace triptych::workloads {
namespace cpu {
namespace {

constexpr std::uint64_t kWhole = 1'000'000;

constexpr Variant kVariants[] = {
    {Model::kProcess, "fork", "processes that were forked before", make_process},
    {Model::kThread, "default", "threads that were started before", make_thread},
    {Model::kCoroutine, "stackless", "C++20 coroutines, which yield sixteen times an operation",
     make_stackless},
    {Model::kCoroutine, "stackful", "Boost.Context coroutines, which yield sixteen times",
     make_stackful},
};

std::uint64_t online_cpus() {
  return static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::uint64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::span<const Parameter> parameters_here() {
  static const Parameter kHere[] = {
      {"units",
       "units that share the work; up to twice the CPUs of this machine",
       ParameterKind::kCount,
       online_cpus(),
       1,
       2 * online_cpus(),
       {}},
      {"work",
       "rounds of arithmetic in an operation, all units together",
       ParameterKind::kCount,
       16'000'000,
       1000,
       1'000'000'000'000,
       {}},
      {"extra",
       "arithmetic on top of that: a slowdown made on purpose, to see whether it is found",
       ParameterKind::kShare,
       0,
       0,
       kWhole,
       {}},
  };
  return kHere;
}

}  // namespace

std::uint64_t now_ns() {
  return read_clock(CLOCK_MONOTONIC);
}
std::uint64_t thread_cpu_ns() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

std::uint64_t calculate(std::uint64_t rounds, std::uint64_t seed) {
  for (std::uint64_t i = 0; i < rounds; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
  }
  return seed;
}

Result<Job> Job::prepare(const Parameters& parameters) {
  Job job;
  job.units_ = static_cast<unsigned>(parameters.value("units"));
  const std::uint64_t work = parameters.value("work");
  // Divided first: millionths of the largest work would not fit.
  job.rounds_ = work + work / kWhole * parameters.value("extra") +
                work % kWhole * parameters.value("extra") / kWhole;
  Needs needs;
  needs.tasks = job.units_;
  TRIPTYCH_TRY(require(needs));
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
    job.cpus_ = static_cast<unsigned>(CPU_COUNT(&allowed));
  }
  return job;
}

std::uint64_t Job::rounds_of(unsigned unit) const {
  return rounds_ / units_ + (unit < rounds_ % units_ ? 1 : 0);
}

void Job::count(std::uint64_t operations, std::uint64_t elapsed_ns, std::uint64_t cpu_ns) {
  operations_ += operations;
  elapsed_ns_ += elapsed_ns;
  cpu_ns_ += cpu_ns;
}

std::vector<Metric> Job::metrics(bool kernel_scheduled) const {
  const double running =
      elapsed_ns_ == 0 ? 0 : static_cast<double>(cpu_ns_) / static_cast<double>(elapsed_ns_);
  std::vector<Metric> metrics = {
      {"cpu_ns_per_operation", "ns",
       operations_ == 0 ? 0 : static_cast<double>(cpu_ns_) / static_cast<double>(operations_),
       "CLOCK_THREAD_CPUTIME_ID of the units"},
      {"units_running", "1", running, "CPU time of the units / elapsed time"},
      {"cpus_available", "1", static_cast<double>(cpus_), "sched_getaffinity"},
  };
  const unsigned most = std::min(units_, cpus_);
  if (kernel_scheduled && most > 1) {
    // With two at most this is the share of the time with two on a CPU; with more, the mean filling
    // of the places beside the first.
    metrics.push_back({"overlap", "1", std::clamp((running - 1) / (most - 1), 0.0, 1.0),
                       "(units_running - 1) / (most that could run - 1)"});
  }
  return metrics;
}

std::vector<std::string> Job::notes(bool kernel_scheduled) const {
  std::vector<std::string> notes;
  if (cpus_ == 1) {
    notes.push_back(
        "this process may use one CPU: whether units run at the same time, and what speed-up that "
        "gives, cannot be tested");
  }
  if (!kernel_scheduled) notes.push_back("coroutines of one thread never run at the same time");
  return notes;
}

}  // namespace cpu

Scenario cpu_scenario() {
  Scenario scenario;
  scenario.name = "cpu";
  scenario.operation = "a fixed amount of arithmetic, divided over the units; all are waited for";
  scenario.alike = "the same rounds of the same arithmetic in as many equal parts";
  scenario.different =
      "processes and threads are started before, woken for each operation, and run on as many CPUs "
      "as there are; coroutines take turns in one thread";
  scenario.parameters = cpu::parameters_here();
  scenario.variants.assign(std::begin(cpu::kVariants), std::end(cpu::kVariants));
  scenario.default_operations = 5;
  return scenario;
}

}  // namespace triptych::workloads
