// SPDX-License-Identifier: Apache-2.0
//
// What a workload is. A scenario is one question that can be put to processes, threads and
// coroutines alike ("create one unit, let it end, reap it"). A variant is one way of one model to
// do it. A cell is a variant with its parameters, prepared in this process and ready to do
// operations.
//
// Everything here is the thing measured: it depends on nothing of ours but base and the header for
// marks, and what run() does between its first and last instruction is the operation and nothing
// else. Preparing belongs in make(), cleaning up in the destructor. Both must leave nothing behind:
// no child, no queue, no shared-memory object, also after a signal (children ask for
// PR_SET_PDEATHSIG, names in a shared name space are unlinked as soon as they are open).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "workloads/parameters.hpp"

namespace triptych::workloads {

enum class Model : std::uint8_t { kProcess, kThread, kCoroutine };
std::string_view name_of(Model model);  // "process", "thread", "coroutine"

// A figure of a cell beside the time of its operations, e.g. the memory of an idle unit.
struct Metric {
  std::string_view name;  // as in the JSON: "pss_bytes_per_unit"
  std::string_view unit;  // "bytes", "ns", "1" for a plain number
  double value = 0;
  std::string_view source;  // the kernel's file, field or clock that it was read from
};

// By these two metrics a cell says which memory its work is about, so that a trace can tell its
// faults from those that any program takes of its own.
inline constexpr std::string_view kMemoryAddress = "memory_address";
inline constexpr std::string_view kMemoryPages = "pages";  // of kPageBytes each

// What getrusage counts.
struct Usage {
  std::uint64_t user_ns = 0;
  std::uint64_t system_ns = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;

  Usage& operator+=(const Usage& other) {
    user_ns += other.user_ns;
    system_ns += other.system_ns;
    voluntary_switches += other.voluntary_switches;
    involuntary_switches += other.involuntary_switches;
    minor_faults += other.minor_faults;
    major_faults += other.major_faults;
    return *this;
  }
  // Of what only grows: `earlier` is an earlier state of the same account.
  Usage operator-(const Usage& earlier) const {
    return {user_ns - earlier.user_ns,
            system_ns - earlier.system_ns,
            voluntary_switches - earlier.voluntary_switches,
            involuntary_switches - earlier.involuntary_switches,
            minor_faults - earlier.minor_faults,
            major_faults - earlier.major_faults};
  }
};

class Cell {
 public:
  Cell() = default;
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;
  virtual ~Cell() = default;

  // Does `operations` operations, and returns when the last one is over. Called any number of
  // times; 0 is the control run, which does what a run costs beside its operations (starting the
  // units of a ring, say). Fails when the system refuses something.
  virtual Result<void> run(std::uint64_t operations) = 0;

  // Whether an operation leaves the cell otherwise than the next one has to find it. Then restore()
  // is called before each, with the clock stopped, and run() does one at a time.
  virtual bool needs_restoring() const { return false; }
  virtual void restore() {}

  // What the cell found out about itself in its runs so far.
  virtual std::vector<Metric> metrics() const { return {}; }

  // What a reader of the figures has to know, e.g. what could not be tested here and why.
  virtual std::vector<std::string> notes() const { return {}; }

  // Of processes that outlive run(), in all runs so far: getrusage counts children only once they
  // are reaped.
  virtual Usage usage_of_living_processes() const { return {}; }

  // How often a coroutine was resumed (or begun) in all runs so far, counted by the cell, whoever
  // ran before: what returns to a scheduler in between is the same switch. No kernel event shows
  // it.
  virtual std::uint64_t coroutine_switches() const { return 0; }
};

struct Scenario;

struct Variant {
  Model model;
  std::string_view name;     // unique in the scenario: "fork", "stackless", "small-stack"
  std::string_view summary;  // one line: how this variant does the operation
  // Prepares the cell. The parameters are complete and within the scenario's limits; what this
  // machine does not allow (processes, memory, mappings) is refused here, before anything is
  // started.
  Result<std::unique_ptr<Cell>> (*make)(const Parameters& parameters);
};

struct Scenario {
  std::string_view name;
  std::string_view operation;  // what one operation is
  std::string_view alike;      // what all models do alike
  std::string_view different;  // what they necessarily do differently
  std::span<const Parameter> parameters;
  std::vector<Variant> variants;  // the first one of a model is that model's default
  // Operations that a run should do for its time to be long against the clock's error and a time
  // slice's, some 20 ms; the default of `triptych run`.
  std::uint64_t default_operations = 1;
  // The state is the result (units that are merely alive), so it is counted once and not repeated.
  bool counted_once = false;
};

}  // namespace triptych::workloads
