// SPDX-License-Identifier: Apache-2.0
//
// cpu: a fixed amount of arithmetic, divided over the units.
#pragma once

#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario cpu_scenario();

namespace cpu {

// One round waits for the one before: some four cycles on any processor. Returns what came out, so
// that it has to be worked out.
std::uint64_t calculate(std::uint64_t rounds, std::uint64_t seed);

// What is divided, and what was seen of it; the same for each model.
class Job {
 public:
  static Result<Job> prepare(const Parameters& parameters);

  [[nodiscard]] unsigned units() const { return units_; }
  [[nodiscard]] std::uint64_t rounds_of(unsigned unit) const;

  // cpu_ns: of all units, for this many operations that took elapsed_ns.
  void count(std::uint64_t operations, std::uint64_t elapsed_ns, std::uint64_t cpu_ns);

  // kernel_scheduled: whether the units could run at the same time.
  std::vector<Metric> metrics(bool kernel_scheduled) const;
  std::vector<std::string> notes(bool kernel_scheduled) const;

 private:
  unsigned units_ = 1;
  std::uint64_t rounds_ = 0;
  unsigned cpus_ = 1;  // that this process may use
  std::uint64_t operations_ = 0;
  std::uint64_t elapsed_ns_ = 0;
  std::uint64_t cpu_ns_ = 0;
};

std::uint64_t now_ns();
// Of the calling thread. getrusage would be as old as the last tick.
std::uint64_t thread_cpu_ns();

Result<std::unique_ptr<Cell>> make_process(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

// Processes or threads, which differ in nothing but how they were started.
Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Parameters& parameters);

}  // namespace cpu
}  // namespace triptych::workloads
