// SPDX-License-Identifier: Apache-2.0
//
// What a trace says of the cells that ran in it, one after the other: of each, what happened in its
// control run of no operations and in its measured one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "analyze/summary.hpp"
#include "base/error.hpp"
#include "trace/source.hpp"

namespace triptych::compare {

// Durations of the same kind, added up.
struct Span {
  std::uint64_t sum_ns = 0, count = 0;
  void add(std::uint64_t ns) {
    sum_ns += ns;
    ++count;
  }
  [[nodiscard]] double mean_ns() const {
    return count == 0 ? 0 : static_cast<double>(sum_ns) / static_cast<double>(count);
  }
};

struct WindowCounts {
  analyze::SwitchCounts switches;
  std::map<std::string, std::uint64_t> blocking;  // voluntary switches by the call that slept
  std::uint64_t coroutine_switches = 0;           // resumptions, in the program itself
  std::uint64_t wakeups = 0;
  std::uint64_t run_queue_ns = 0;  // waiting to run, of all tasks together
  std::array<std::uint64_t, analyze::kFaultKinds> faults{};
  analyze::CowBill cow;
  std::uint64_t memory_copies = 0;  // pages copied of the memory that the cell names
  Span memory_copy;                 // how long such a copy took
  std::uint64_t processes = 0, threads = 0;
  std::uint64_t page_table_pages = 0;  // of all children at their creation
  // The phases of a process that was created in the window:
  Span call;             // the creating call, in the parent
  Span page_table_copy;  // of it, where the kernel lets us see it
  Span first_run;        // from creation to the child's first instruction
  Span child;            // from there to its exit
  Span teardown;         // from its exit to its last switch
};

struct CellWindows {
  bool complete = false;  // all four marks were found
  WindowCounts control, measured;
};

struct TraceWindows {
  std::vector<CellWindows> cells;
  std::uint64_t lost = 0;  // records that were lost while all of them were recorded
};

// Addresses that a cell's work is about; empty when it names none.
struct MemoryRange {
  std::uint64_t begin = 0, end = 0;
  [[nodiscard]] bool contains(std::uint64_t address) const {
    return begin <= address && address < end;
  }
};

// The mark that stands before the cell of this number.
std::string cell_mark(std::size_t number);

// `memories` has one for each cell that the trace should have.
Result<TraceWindows> read_windows(trace::Source& source, std::span<const MemoryRange> memories);

}  // namespace triptych::compare
