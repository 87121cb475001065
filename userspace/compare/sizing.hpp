// SPDX-License-Identifier: Apache-2.0
//
// How many operations each run does, so that all runs together fit the time that there is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace triptych::compare {

// A cell after its first, short run.
struct Cost {
  double fixed_ns = 0;      // of a process, beside its operations
  double operation_ns = 0;  // of one operation; more than 0
  unsigned repetitions = 0;
  bool counted_once = false;  // one operation, no warm-up
  unsigned growths = 0;       // how often its size was found too small
};

struct Size {
  std::uint64_t operations = 1;
  std::uint64_t warm_up = 0;
  bool operator==(const Size&) const = default;
};

// No run is shorter than 1 ms of operations, nor longer than 60 ms unless one operation is: so the
// budget is exceeded when it is too small for that.
std::vector<Size> size_runs(std::span<const Cost> costs, std::uint64_t budget_ns);

// When a run took several times as long as planned, or a fraction of it, the size by which it would
// not have: its cell begins anew with that one, so that one surprise neither takes the time of all
// others nor leaves a run that is all start-up. Sizes grow twice at most, lest they swing for ever.
std::optional<Size> corrected(const Size& size, const Cost& cost, double operation_ns);

// What one run will take, and all of them.
double run_ns(const Cost& cost, const Size& size);
double total_ns(std::span<const Cost> costs, std::span<const Size> sizes);

}  // namespace triptych::compare
