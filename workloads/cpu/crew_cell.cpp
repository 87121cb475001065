// SPDX-License-Identifier: Apache-2.0
#include <new>

#include "workloads/cpu/cpu.hpp"
#include "workloads/memory.hpp"
#include "workloads/support/crew.hpp"

namespace triptych::workloads::cpu {
namespace {

// What one unit writes, on cache lines of its own, for this process to read between the runs.
struct alignas(128) Seat {
  std::uint64_t cpu_ns = 0;
  std::uint64_t result = 0;
};

Seat& seat_of(const Mapping& memory, unsigned unit) {
  return static_cast<Seat*>(static_cast<void*>(memory.data()))[unit];
}

class CrewCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(Model model, const Parameters& parameters) {
    auto cell = std::make_unique<CrewCell>();
    TRIPTYCH_TRY_ASSIGN(cell->job_, Job::prepare(parameters));
    TRIPTYCH_TRY_ASSIGN(Mapping memory, Mapping::shared(cell->job_.units() * sizeof(Seat)));
    for (unsigned unit = 0; unit < cell->job_.units(); ++unit) new (&seat_of(memory, unit)) Seat;
    cell->seats_ = std::make_shared<Mapping>(std::move(memory));
    TRIPTYCH_TRY_ASSIGN(
        cell->crew_,
        Crew::start(model, cell->job_.units(),
                    [job = cell->job_, seats = cell->seats_](unsigned unit, std::uint64_t times) {
                      Seat& seat = seat_of(*seats, unit);
                      const std::uint64_t start = thread_cpu_ns();
                      for (std::uint64_t i = 0; i < times; ++i) {
                        seat.result = calculate(job.rounds_of(unit), seat.result);
                      }
                      seat.cpu_ns += thread_cpu_ns() - start;
                      return 0;
                    }));
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    const std::uint64_t cpu_before = cpu_ns();
    const std::uint64_t start = now_ns();
    for (std::uint64_t i = 0; i < operations; ++i) TRIPTYCH_TRY(crew_->run_each(1));
    job_.count(operations, now_ns() - start, cpu_ns() - cpu_before);
    return {};
  }

  std::vector<Metric> metrics() const override { return job_.metrics(true); }
  std::vector<std::string> notes() const override { return job_.notes(true); }
  Usage usage_of_living_processes() const override { return crew_->usage_of_processes(); }

 private:
  std::uint64_t cpu_ns() const {
    std::uint64_t sum = 0;
    for (unsigned unit = 0; unit < job_.units(); ++unit) sum += seat_of(*seats_, unit).cpu_ns;
    return sum;
  }

  Job job_;
  std::shared_ptr<Mapping> seats_;  // outlives this cell while a thread needs it
  std::unique_ptr<Crew> crew_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Parameters& parameters) {
  return CrewCell::make(model, parameters);
}

}  // namespace triptych::workloads::cpu
