// SPDX-License-Identifier: Apache-2.0
#include "workloads/cpu/cpu.hpp"
#include "workloads/support/crew.hpp"

namespace triptych::workloads::cpu {
namespace {

class CrewCell final : public Cell {
 public:
  CrewCell(Job job, std::unique_ptr<Crew> crew) : job_(job), crew_(std::move(crew)) {}

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
    const Usage usage = crew_->usage();
    return usage.user_ns + usage.system_ns;
  }

  Job job_;
  std::unique_ptr<Crew> crew_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(const Job job, Job::prepare(parameters));
  TRIPTYCH_TRY_ASSIGN(auto crew,
                      Crew::start(model, job.units(), [job](unsigned unit, std::uint64_t) {
                        volatile std::uint64_t result = calculate(job.rounds_of(unit), unit);
                        static_cast<void>(result);
                        return 0;
                      }));
  return std::make_unique<CrewCell>(job, std::move(crew));
}

}  // namespace triptych::workloads::cpu
