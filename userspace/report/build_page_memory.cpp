// SPDX-License-Identifier: Apache-2.0
//
// Faults and forks in the forms that only a page has room for.
#include <fmt/core.h>

#include <algorithm>

#include "base/text.hpp"
#include "report/bars.hpp"
#include "report/page.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

using analyze::Fork;

constexpr std::size_t kKindsDrawn = 6;  // of faults: those that took longest

struct KindTotal {
  analyze::FaultKind kind{};
  std::uint64_t time_ns = 0;
  analyze::Histogram latency;
};

std::vector<KindTotal> kinds_of(const View& view) {
  std::vector<KindTotal> kinds;
  for (std::size_t i = 0; i < analyze::kFaultKinds; ++i) {
    KindTotal total;
    total.kind = static_cast<analyze::FaultKind>(i);
    for (const analyze::AddressSpace* space : view.address_spaces()) {
      total.time_ns += space->faults[i].time_ns;
      total.latency.merge(space->faults[i].latency);
    }
    if (total.latency.count() != 0) kinds.push_back(std::move(total));
  }
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const auto& a, const auto& b) { return a.time_ns > b.time_ns; });
  return kinds;
}

Row bill_row(const View& view, const Fork& fork) {
  const Available& available = view.available();
  const bool ordered = available.event_stream;
  const auto duration = [](const std::optional<std::uint64_t>& ns, bool recorded) -> Value {
    if (ns) return Duration{*ns};
    if (recorded) return Unknown{};
    return NotAvailable{};
  };
  analyze::CowBill both = fork.cow_parent;
  both.add(fork.cow_child);
  Row row;
  row.cells = {task_label(view, fork.parent),
               task_label(view, fork.child),
               std::string(name_of(fork.kind)),
               duration(fork.duration_ns, available.fork_calls),
               duration(fork.page_table_copy_ns, available.page_table_copies),
               duration(fork.first_run_delay_ns, ordered && available.switches),
               Count{fork.page_table_pages},
               Count{fork.shared_pages}};
  if (available.faults && ordered) {
    row.cells.emplace_back(Count{fork.cow_parent.copies});
    row.cells.emplace_back(Count{fork.cow_child.copies});
    row.cells.emplace_back(Bytes{both.bytes});
    row.cells.emplace_back(Duration{both.time_ns});
  } else {
    row.cells.insert(row.cells.end(), 4, NotAvailable{});
  }
  if (both.in_file_mappings != 0) {
    row.detail = fmt::format("{} of the copies in private mappings of files",
                             format_count(both.in_file_mappings));
  }
  if (fork.cow_incomplete) {
    row.detail += row.detail.empty() ? "" : "; ";
    row.detail += "records were lost: there may have been more copies";
  }
  return row;
}

}  // namespace

std::vector<Bars> fault_bars(const View& view) {
  std::vector<Bars> bars;
  for (const KindTotal& each : kinds_of(view)) {
    if (bars.size() == kKindsDrawn) break;
    const FaultWords words = fault_words(each.kind);
    bars.push_back(make_bars(fmt::format("{}: {}", words.name, words.meaning), each.latency,
                             "fault", "faults"));
  }
  return bars;
}

std::optional<Table> fork_bills(const View& view) {
  std::vector<const Fork*> forks = view.forks();
  if (forks.empty()) return std::nullopt;
  std::stable_sort(forks.begin(), forks.end(),
                   [](const Fork* a, const Fork* b) { return price(*a) > price(*b); });
  Table table;
  table.columns = {{"parent", true},  {"child", true},  {"kind", true},   {"call"},
                   {"page tables"},   {"first run"},    {"table pages"},  {"shared pages"},
                   {"parent copied"}, {"child copied"}, {"bytes copied"}, {"time copying"}};
  const std::size_t shown = view.shown(forks.size());
  for (std::size_t i = 0; i < shown; ++i) table.rows.push_back(bill_row(view, *forks[i]));
  if (shown < forks.size()) {
    table.more = fmt::format("… and {} (--top 0 shows all)",
                             counted(forks.size() - shown, "more fork", "more forks"));
  }
  return table;
}

}  // namespace triptych::report
