// SPDX-License-Identifier: Apache-2.0
//
// Page faults of each address space, and what forks cost.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/sections.hpp"
#include "report/text_writer.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::AddressSpace;
using analyze::FaultKind;
using analyze::FaultStats;
using analyze::Fork;

std::uint64_t fault_time(const AddressSpace& space) {
  std::uint64_t time_ns = 0;
  for (const FaultStats& stats : space.faults) time_ns += stats.time_ns;
  return time_ns;
}

std::uint64_t fault_count(const AddressSpace& space) {
  std::uint64_t count = 0;
  for (const FaultStats& stats : space.faults) count += stats.count;
  return count;
}

Row kind_row(FaultKind kind, const FaultStats& stats) {
  const auto timed = [&](Value value) -> Value {
    if (stats.latency.count() != 0) return value;
    return Unknown{};
  };
  const FaultWords words = fault_words(kind);
  Row row;
  row.cells = {std::string("  ") + words.name,
               Count{stats.count},
               Count{stats.pages},
               stats.time_ns != 0 ? Value(Duration{stats.time_ns}) : timed(Duration{0}),
               timed(Duration{stats.latency.quantile(0.5)}),
               timed(Duration{stats.latency.quantile(0.99)}),
               std::string(words.meaning)};
  return row;
}

std::string space_heading(const View& view, const AddressSpace& space) {
  const std::string name = space.comm.empty() ? "(no name)" : escape(space.comm);
  std::string words =
      fmt::format("{} {}: {}", name, space.tgid, counted(fault_count(space), "fault", "faults"));
  words += fmt::format(", memory {} from {}", static_cast<std::uint32_t>(space.id),
                       format_value(moment(view, space.start_ns)));
  if (space.end_ns) words += fmt::format(" to {}", format_value(moment(view, *space.end_ns)));
  return words;
}

std::string bill_words(const analyze::CowBill& bill) {
  if (bill.copies == 0) return "nothing";
  std::string words = fmt::format("{} ({}) in {}", counted(bill.copies, "page", "pages"),
                                  format_bytes(bill.bytes), format_value(Duration{bill.time_ns}));
  if (bill.in_file_mappings != 0) {
    words += fmt::format(", {} of them in file mappings", format_count(bill.in_file_mappings));
  }
  return words;
}

const char* kind_words(analyze::CreatedBy kind) {
  switch (kind) {
    case analyze::CreatedBy::kFork:
      return "fork";
    case analyze::CreatedBy::kVfork:
      return "vfork";
    case analyze::CreatedBy::kClone:
      return "clone";
    default:
      return "unknown";
  }
}

Row fork_row(const View& view, const Fork& fork) {
  const auto missing = [](bool recorded) -> Value {
    if (recorded) return Unknown{};
    return NotAvailable{};
  };
  const auto duration = [&](const std::optional<std::uint64_t>& ns, bool recorded) -> Value {
    if (ns) return Duration{*ns};
    return missing(recorded);
  };
  const Available& available = view.available();
  const bool ordered = available.event_stream;
  Row row;
  row.cells = {task_label(view, fork.parent),
               task_label(view, fork.child),
               kind_words(fork.kind),
               duration(fork.duration_ns, available.fork_calls),
               duration(fork.page_table_copy_ns, available.page_table_copies),
               duration(fork.first_run_delay_ns, ordered && available.switches),
               Count{fork.page_table_pages},
               Count{fork.shared_pages}};
  if (!available.faults || !ordered) {
    row.detail = "copied on write: n/a";
  } else if (fork.kind == analyze::CreatedBy::kFork || fork.cow_parent.copies != 0 ||
             fork.cow_child.copies != 0) {
    row.detail = fmt::format("copied on write: by the parent {}; by the child {}",
                             bill_words(fork.cow_parent), bill_words(fork.cow_child));
  }
  return row;
}

}  // namespace

Section faults_section(const View& view) {
  Section section;
  section.title = "Page faults of each address space";
  if (!view.available().faults) {
    section.blocks.emplace_back(Paragraph{"n/a: page faults were not recorded.", Tone::kPlain});
    return section;
  }
  if (!view.available().event_stream) {
    section.blocks.emplace_back(
        Paragraph{"n/a: summary mode counts faults by task, not by address space.", Tone::kPlain});
    return section;
  }
  std::vector<const AddressSpace*> spaces = view.address_spaces();
  spaces.erase(std::remove_if(spaces.begin(), spaces.end(),
                              [](const AddressSpace* space) { return fault_count(*space) == 0; }),
               spaces.end());
  if (spaces.empty()) return {};
  std::stable_sort(spaces.begin(), spaces.end(), [](const AddressSpace* a, const AddressSpace* b) {
    return fault_time(*a) > fault_time(*b);
  });
  Table table;
  table.columns = {{"kind", true}, {"faults"}, {"pages"}, {"time"}, {"p50"}, {"p99"}, {"", true}};
  const std::size_t shown = view.shown(spaces.size());
  for (std::size_t i = 0; i < shown; ++i) {
    Row heading;
    heading.heading = space_heading(view, *spaces[i]);
    table.rows.push_back(std::move(heading));
    for (std::size_t kind = 0; kind < analyze::kFaultKinds; ++kind) {
      const FaultStats& stats = spaces[i]->faults[kind];
      if (stats.count != 0) table.rows.push_back(kind_row(static_cast<FaultKind>(kind), stats));
    }
  }
  if (shown < spaces.size()) {
    table.more =
        fmt::format("… and {} (--top 0 shows all)",
                    counted(spaces.size() - shown, "more address space", "more address spaces"));
  }
  section.hint =
      "An address space lasts from fork or exec to exec or exit. Pages: memory handed out while "
      "the fault "
      "was served. The most expensive first.";
  section.blocks.emplace_back(std::move(table));
  return section;
}

Section forks_section(const View& view) {
  std::vector<const Fork*> forks = view.forks();
  if (forks.empty()) return {};
  std::stable_sort(forks.begin(), forks.end(),
                   [](const Fork* a, const Fork* b) { return price(*a) > price(*b); });
  Table table;
  table.columns = {{"parent", true}, {"child", true}, {"kind", true},  {"call"},
                   {"page tables"},  {"first run"},   {"table pages"}, {"shared pages"}};
  const std::size_t shown = view.shown(forks.size());
  for (std::size_t i = 0; i < shown; ++i) table.rows.push_back(fork_row(view, *forks[i]));
  if (shown < forks.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(forks.size() - shown, "more fork", "more forks"));
  }
  Section section(
      "What each fork cost",
      "Call: how long the call took in the parent; page tables: the part of it that copied them "
      "(only "
      "where the kernel allows fentry); first run: until the child ran. Table pages: memory for "
      "the "
      "child's page tables; shared pages: in memory and not copied yet. Copies in file mappings "
      "may "
      "be no fork's doing. The most expensive first.");
  section.blocks.emplace_back(std::move(table));
  return section;
}

}  // namespace triptych::report
