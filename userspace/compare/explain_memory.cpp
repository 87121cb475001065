// SPDX-License-Identifier: Apache-2.0
//
// Which memory was copied, and which is shared.
#include <fmt/format.h>

#include <algorithm>

#include "compare/explain.hpp"
#include "compare/quantities.hpp"
#include "workloads/memory.hpp"

namespace triptych::compare {
namespace {

std::optional<std::string> copies_on_write(const Pair& pair) {
  const double copies = Pair::traced(pair.cell, "memory_copies");
  // Pages of a file are copied in one memory too.
  const double theirs = Pair::traced(pair.reference, "memory_copies");
  if (!pair.both_traced() || copies - theirs < 50 || pair.verdict() != stats::Verdict::kSlower) {
    return std::nullopt;
  }
  return fmt::format(
      "{} takes {} because {} pages ({}) are copied when they are first written, {} each while "
      "recorded; {} writes the same pages, copies {} and takes {}",
      pair.cell.title(), format_ns(pair.time_ns(pair.cell)), format_number(copies),
      format_size(copies * static_cast<double>(workloads::kPageBytes)),
      format_ns(Pair::traced(pair.cell, "memory_copy_time")), pair.reference.title(),
      theirs > 0 ? format_number(theirs) : "none", format_ns(pair.time_ns(pair.reference)));
}

// A unit that is merely alive.
std::optional<std::string> memory_of_units(const Pair& pair) {
  const auto figure = [](const CellResult& cell, std::string_view name) {
    const Figure* found = cell.figure(name);
    return found == nullptr ? 0.0 : std::max(0.0, found->median);  // below nothing: nothing
  };
  const double own = figure(pair.cell, "sum_bytes_per_unit");
  const double theirs = figure(pair.reference, "sum_bytes_per_unit");
  if (own <= 0 || theirs <= 0) return std::nullopt;
  return fmt::format(
      "{} takes {} a unit ({} of {}): {} of its own memory, {} page tables, {} kernel stack, {} "
      "slab",
      pair.cell.title(), format_size(own), format_ratio(own / theirs), pair.reference.title(),
      format_size(figure(pair.cell, "pss_bytes_per_unit")),
      format_size(figure(pair.cell, "page_table_bytes_per_unit")),
      format_size(figure(pair.cell, "kernel_stack_bytes_per_unit")),
      format_size(figure(pair.cell, "slab_bytes_per_unit")));
}

}  // namespace

std::vector<PairRule> memory_rules() {
  return {copies_on_write, memory_of_units};
}

}  // namespace triptych::compare
