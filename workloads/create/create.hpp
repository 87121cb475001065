// SPDX-License-Identifier: Apache-2.0
//
// create: one unit is created, ends, and is reaped.
#pragma once

#include <vector>

#include "base/unique_fd.hpp"
#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario create_scenario();

namespace create {

inline constexpr std::uint64_t kSmallStackBytes = 64 * 1024;

// What the creating process has beside its own: the same for each model.
class Parent {
 public:
  static Result<Parent> prepare(const Parameters& parameters);
  std::vector<Metric> metrics() const;

 private:
  Mapping resident_;
  std::vector<UniqueFd> descriptors_;
};

// A cell that has nothing but such a parent.
template <typename SomeCell>
Result<std::unique_ptr<Cell>> make_cell(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Parent parent, Parent::prepare(parameters));
  return std::make_unique<SomeCell>(std::move(parent));
}

Result<std::unique_ptr<Cell>> make_fork(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_vfork(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_posix_spawn(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_small_stack_thread(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_ucontext(const Parameters& parameters);

}  // namespace create
}  // namespace triptych::workloads
