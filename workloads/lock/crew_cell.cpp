// SPDX-License-Identifier: Apache-2.0
#include "workloads/lock/crew_cell.hpp"

#include <new>
#include <utility>

#include "workloads/limits.hpp"
#include "workloads/lock/kernel_locks.hpp"
#include "workloads/memory.hpp"
#include "workloads/support/crew.hpp"

namespace triptych::workloads::lock {
namespace {

// Locks of their own are kept apart, so that they do not share a cache line.
template <typename Section>
struct alignas(128) Placed {
  Section section;
};

template <typename Section>
class CrewCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(Model model, const Options& options) {
    auto cell = std::make_unique<CrewCell>();
    cell->options_ = options;
    const unsigned sections = options.contended ? 1 : options.units;
    TRIPTYCH_TRY_ASSIGN(Mapping memory, Mapping::shared(sections * sizeof(Placed<Section>)));
    cell->memory_ = std::make_shared<Mapping>(std::move(memory));
    const int pshared = model == Model::kProcess ? PTHREAD_PROCESS_SHARED : PTHREAD_PROCESS_PRIVATE;
    for (unsigned i = 0; i < sections; ++i) {
      auto* placed = new (&place(*cell->memory_, i)) Placed<Section>{};
      const int error = placed->section.init(pshared, options.contended ? options.units : 1);
      if (error != 0) return fail_errno("cannot make the lock", error);
    }
    const bool contended = options.contended;
    TRIPTYCH_TRY_ASSIGN(
        cell->crew_,
        Crew::start(model, options.units,
                    [memory = cell->memory_, contended](unsigned unit, std::uint64_t operations) {
                      Section& section = place(*memory, contended ? 0 : unit).section;
                      for (std::uint64_t i = 0; i < operations; ++i) section.pass();
                      return 0;
                    }));
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    operations_ += operations;
    if (options_.kind == Kind::kBarrier) {
      TRIPTYCH_TRY(crew_->run_each(operations));
      return check_entries(entries(),
                           options_.contended ? operations_ : operations_ * options_.units);
    }
    TRIPTYCH_TRY(crew_->run_divided(operations));
    return check_entries(entries(), operations_);
  }

  std::vector<Metric> metrics() const override { return switch_metrics(*crew_, operations_); }
  Usage usage_of_living_processes() const override { return crew_->usage_of_processes(); }

 private:
  static Placed<Section>& place(const Mapping& memory, unsigned i) {
    return static_cast<Placed<Section>*>(static_cast<void*>(memory.data()))[i];
  }

  std::uint64_t entries() const {
    std::uint64_t sum = 0;
    const unsigned sections = options_.contended ? 1 : options_.units;
    for (unsigned i = 0; i < sections; ++i) sum += place(*memory_, i).section.entries;
    return sum;
  }

  Options options_{};
  std::uint64_t operations_ = 0;
  std::shared_ptr<Mapping> memory_;
  std::unique_ptr<Crew> crew_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_crew_cell(Model model, const Options& options) {
  Needs needs;
  needs.tasks = options.units;
  TRIPTYCH_TRY(require(needs));
  switch (options.kind) {
    case Kind::kMutex:
      return CrewCell<MutexSection>::make(model, options);
    case Kind::kSpin:
      return CrewCell<SpinSection>::make(model, options);
    case Kind::kSemaphore:
      return CrewCell<SemaphoreSection>::make(model, options);
    case Kind::kCondvar:
      return CrewCell<CondvarSection>::make(model, options);
    case Kind::kBarrier:
      return CrewCell<BarrierSection>::make(model, options);
    case Kind::kAtomic:
      break;
  }
  return CrewCell<AtomicSection>::make(model, options);
}

}  // namespace triptych::workloads::lock
