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

enum class Backing : std::uint8_t { kAnonymous, kFile };  // of a private mapping
enum class Memory : std::uint8_t { kOfEach, kOfBoth };    // after a fork; one for unit and creator

// Of the memory that each writes, in millionths.
struct Shares {
  std::uint64_t child = 0;
  std::uint64_t during = 0;
  std::uint64_t after = 0;
};

// Which pages who writes. The child's are spread evenly over the memory. The creator takes, while
// the child lives, first of those that the child leaves alone, so that as long as there are enough
// each page is copied once; and after the child's end pages spread evenly over all.
struct Plan {
  std::uint64_t pages = 0;
  std::vector<std::uint32_t> child;   // numbers of pages, ascending
  std::vector<std::uint32_t> during;  // the creator, while the child lives
  std::vector<std::uint32_t> after;   // the creator, after the child has ended
  // Pages that are copied in one operation. Of anonymous memory only a fork makes any: who is left
  // alone with a page takes it over. The page of a file belongs to the file: each memory copies it
  // when it is first written there.
  std::uint64_t copies = 0;
  // Whether the next operation finds other memory than this one unless that is put back.
  bool needs_restoring = false;

  static Plan make(std::uint64_t pages, const Shares& shares, Backing backing, Memory memory);
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
  static Result<Stage> prepare(const Parameters& parameters, Memory memory);

  // Writes one byte of each of these pages. Called by whom it is about.
  Writing write(const std::vector<std::uint32_t>& pages) const;
  // The copies go, and the file's pages come back.
  void restore() const;

  const Plan& plan() const { return *plan_; }
  void add_child(const Writing& writing) { child_.add(writing); }
  void add_during(const Writing& writing) { during_.add(writing); }
  void add_after(const Writing& writing) { after_.add(writing); }
  void count_operation() { ++operations_; }

  std::vector<Metric> metrics() const;

 private:
  Mapping memory_;
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
