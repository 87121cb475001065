// SPDX-License-Identifier: Apache-2.0
//
// cow: a unit and its creator write shares of the same memory.
#pragma once

#include <memory>
#include <vector>

#include "workloads/memory.hpp"
#include "workloads/scenario.hpp"

namespace triptych::workloads {

Scenario cow_scenario();

namespace cow {

// Which pages who writes. The child's are spread evenly over the memory. The creator takes, while
// the child lives, first of those that the child leaves alone, so that as long as there are enough
// each page is copied once; and after the child's end pages spread evenly over all.
struct Plan {
  std::uint64_t pages = 0;
  std::vector<std::uint32_t> child;   // numbers of pages, ascending
  std::vector<std::uint32_t> during;  // the creator, while the child lives
  std::vector<std::uint32_t> after;   // the creator, after the child has ended
  // Pages that processes copy in one operation. Of anonymous memory, who is left alone with a page
  // takes it over; the page of a file belongs to the file, and whoever writes it copies it.
  std::uint64_t copies = 0;

  // Shares are in millionths.
  static Plan make(std::uint64_t pages, std::uint64_t child_share, std::uint64_t during_share,
                   std::uint64_t after_share, bool of_file);
};

// What one writer saw, in all operations.
struct Writing {
  std::uint64_t pages = 0;
  std::uint64_t faults = 0;  // of the writing thread, meanwhile
  std::uint64_t elapsed_ns = 0;

  void add(const Writing& other);
};

// The memory, its plan and what was seen; the same for each model.
class Stage {
 public:
  static Result<Stage> prepare(const Parameters& parameters);

  // Writes one byte of each of these pages. Called by whom it is about.
  Writing write(const std::vector<std::uint32_t>& pages) const;
  // Before an operation: where the creator's own writing would leave the next one other pages.
  void restore() const;

  const Plan& plan() const { return *plan_; }
  void add_child(const Writing& writing) { child_.add(writing); }
  void add_during(const Writing& writing) { during_.add(writing); }
  void add_after(const Writing& writing) { after_.add(writing); }
  void count_operation() { ++operations_; }

  // copies: whether the model has anything to copy.
  std::vector<Metric> metrics(bool copies) const;

 private:
  Mapping memory_;
  bool restores_ = false;
  std::unique_ptr<const Plan> plan_;
  Writing child_;
  Writing during_;
  Writing after_;
  std::uint64_t operations_ = 0;
};

Result<std::unique_ptr<Cell>> make_process(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_thread(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackless(const Parameters& parameters);
Result<std::unique_ptr<Cell>> make_stackful(const Parameters& parameters);

}  // namespace cow
}  // namespace triptych::workloads
