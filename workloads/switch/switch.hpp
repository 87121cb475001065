// SPDX-License-Identifier: Apache-2.0
//
// switch: control is handed from one unit to another and back.
#pragma once

#include <sched.h>

#include <vector>

#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario switch_scenario();

namespace switching {

inline constexpr std::uint64_t kHandoversPerOperation = 2;

// Memory of a unit's own, of which it changes every cache line whenever it has control.
class WorkingSet {
 public:
  static Result<WorkingSet> create(std::uint64_t bytes);
  void use() {
    for (std::uint64_t at = 0; at < memory_.bytes(); at += kCacheLineBytes) {
      auto* const byte = static_cast<volatile unsigned char*>(memory_.data() + at);
      *byte = static_cast<unsigned char>(*byte + 1);
    }
  }

 private:
  static constexpr std::uint64_t kCacheLineBytes = 64;
  Mapping memory_;
};

// Where the units run: wherever the scheduler puts them, all on one CPU, or by turns on two.
class Placement {
 public:
  // Fails when this process may not use two CPUs and is asked to.
  static Result<Placement> create(std::string_view choice);
  void place(unsigned unit) const;  // the calling thread, as this unit
  void restore() const;             // the calling thread, to where it might run before

 private:
  std::vector<cpu_set_t> sets_;  // by turns; empty: anywhere
  cpu_set_t before_{};
};

Result<std::unique_ptr<Cell>> make_process(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_ucontext(const Parameters& parameters);

}  // namespace switching
}  // namespace triptych::workloads
