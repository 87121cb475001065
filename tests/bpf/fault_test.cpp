// SPDX-License-Identifier: Apache-2.0
//
// Each row of the table of faults, as the kernel really takes them: exact numbers between marks.
#include <gtest/gtest.h>

#include <fstream>

#include "bpf/recorded_scenario.hpp"
#include "bpf/scenarios.hpp"
#include "bpf/swap_device.hpp"

namespace triptych::test {
namespace {

using analyze::FaultKind;
using analyze::Summary;

constexpr std::size_t kPages = 1000;

std::uint64_t count(const Summary& summary, FaultKind kind) {
  return summary.totals.faults.by_kind[static_cast<std::size_t>(kind)];
}

std::uint64_t pages(const Summary& summary, FaultKind kind) {
  std::uint64_t sum = 0;
  for (const analyze::AddressSpace& space : summary.address_spaces) {
    sum += space.faults[static_cast<std::size_t>(kind)].pages;
  }
  return sum;
}

// The counting event sees what we see; what the kernel's own counters have beyond it, it took
// itself.
void expect_counted(const Recorded& recorded, std::int64_t kernel_taken) {
  const Summary whole = recorded.summary();
  ASSERT_TRUE(whole.audit.faults_counted.has_value()) << whole.audit.faults_remark;
  EXPECT_EQ(whole.audit.faults_recorded, *whole.audit.faults_counted);
  ASSERT_TRUE(whole.audit.faults_kernel_taken.has_value());
  EXPECT_EQ(static_cast<std::int64_t>(*whole.audit.faults_kernel_taken), kernel_taken);
  EXPECT_EQ(whole.audit.tasks_differing, 0u);
}

void expect_audited(const Recorded& recorded, std::int64_t kernel_taken) {
  expect_counted(recorded, kernel_taken);
  EXPECT_EQ(recorded.ending.counters.recursion_misses, 0u);
}

struct Row {
  const char* scenario;
  FaultKind kind;
  std::uint64_t faults, pages;
};

// The marks' own counters, at the end less those at the begin.
void expect_marked(const Recorded& recorded, std::uint64_t minor, std::uint64_t major) {
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  const model::Mark &first = marks[0].second, &last = marks[1].second;
  EXPECT_EQ(last.counters.min_flt - first.counters.min_flt, minor);
  EXPECT_EQ(last.counters.maj_flt - first.counters.maj_flt, major);
  EXPECT_EQ(last.faults - first.faults, minor + major);
}

class FaultTable : public testing::TestWithParam<Row> {};

TEST_P(FaultTable, CountsExactlyBetweenMarks) {
  const Row& row = GetParam();
  TRIPTYCH_RECORD(row.scenario, kPages);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, row.kind), row.faults);
  EXPECT_EQ(pages(summary, row.kind), row.pages);
  EXPECT_EQ(summary.totals.faults.total, row.faults);
  EXPECT_EQ(summary.totals.faults.major, 0u);
  EXPECT_EQ(summary.totals.faults.unresolved, 0u);
  expect_marked(recorded, row.faults, 0);
  expect_audited(recorded, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, FaultTable,
    testing::Values(Row{"first_touch", FaultKind::kFirstTouch, kPages, kPages},
                    Row{"zero_page", FaultKind::kZeroPage, kPages, 0},
                    Row{"zero_page_write", FaultKind::kZeroPageWrite, kPages, kPages},
                    Row{"private_file_copy", FaultKind::kPrivateFileCopy, kPages, kPages},
                    Row{"private_file_write_after_read", FaultKind::kCowCopy, kPages, kPages},
                    Row{"shared_memory", FaultKind::kFile, kPages, kPages},
                    Row{"file_minor", FaultKind::kFile, kPages, 0},
                    Row{"shared_file_dirty", FaultKind::kSharedFileDirty, kPages, 0},
                    Row{"memory_file_dirty", FaultKind::kSharedFileDirty, 0, 0},
                    Row{"reuse_after_child", FaultKind::kWpReuse, kPages, 0}),
    [](const testing::TestParamInfo<Row>& row) { return std::string(row.param.scenario); });

TEST(Fault, PagesReadFromADiskAreMajor) {
  constexpr std::size_t kFromDisk = 200;
  TRIPTYCH_RECORD("file_major", kFromDisk);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kFile), kFromDisk);
  EXPECT_EQ(pages(summary, FaultKind::kFile), kFromDisk);
  EXPECT_EQ(summary.totals.faults.total, kFromDisk);
  EXPECT_EQ(summary.totals.faults.major, kFromDisk);
  EXPECT_EQ(summary.totals.faults.minor, 0u);
  EXPECT_EQ(summary.totals.faults.unresolved, 0u);
  expect_marked(recorded, 0, kFromDisk);
  // A disk interrupts, and wakes somebody while another wakeup is being recorded: no fault is
  // missed.
  expect_counted(recorded, 0);
}

TEST(Fault, SaysWhereItWasTakenAndByWhichInstruction) {
  TRIPTYCH_RECORD("known_places", kPages);
  ASSERT_EQ(recorded.wait_status, 0);
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 2u);
  std::size_t taken = 0;
  for (const auto& [event, fault] : recorded.all<model::Fault>()) {
    if (event.ts_ns < marks[0].first.ts_ns || event.ts_ns > marks[1].first.ts_ns) continue;
    const std::uint64_t at = fault.address - scenarios::kTouchedAt;
    EXPECT_EQ(at / 4096, taken) << std::hex << fault.address;
    EXPECT_EQ(fault.ip, scenarios::kTouchingAt);
    ++taken;
  }
  EXPECT_EQ(taken, kPages);
}

// What was looked up for one fault serves the next only while no mapping changes.
TEST(Fault, AMappingThatTookAnothersPlaceIsTheOneMeant) {
  TRIPTYCH_RECORD("mapped_anew", kPages);
  ASSERT_EQ(recorded.wait_status, 0);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kFirstTouch), kPages);
  EXPECT_EQ(count(summary, FaultKind::kFile), kPages);
  EXPECT_EQ(summary.totals.faults.total, 2 * kPages);
  expect_audited(recorded, 0);
}

TEST(Fault, CopiesAreBilledToTheForkOnBothSides) {
  TRIPTYCH_RECORD("cow", kPages);
  // Both mark themselves: the first begin is the child's, the last end the parent's.
  const Summary summary = recorded.summary();
  ASSERT_EQ(summary.forks.size(), 1u);
  const auto marks = recorded.all<model::Mark>();
  ASSERT_EQ(marks.size(), 4u);
  const auto copies_between = [&](std::size_t first, std::size_t last) {
    std::uint64_t copies = 0;
    for (const auto& [event, fault] : recorded.all<model::Fault>()) {
      if (event.task != marks[first].first.task || event.ts_ns < marks[first].first.ts_ns ||
          event.ts_ns > marks[last].first.ts_ns) {
        continue;
      }
      copies += fault.not_zeroed && (fault.error_code & 3) == 3;
    }
    return copies;
  };
  constexpr std::size_t kOfChild = kPages * 3 / 10, kOfParent = kPages - kOfChild;
  EXPECT_EQ(copies_between(0, 1), kOfChild);
  EXPECT_EQ(copies_between(2, 3), kOfParent);
  const analyze::Fork& fork = summary.forks[0];
  // A few pages of stack and data beside the measured ones.
  EXPECT_GE(fork.cow_child.copies, kOfChild);
  EXPECT_LE(fork.cow_child.copies, kOfChild + 40);
  EXPECT_GE(fork.cow_parent.copies, kOfParent);
  EXPECT_LE(fork.cow_parent.copies, kOfParent + 40);
  EXPECT_EQ(fork.cow_child.bytes, fork.cow_child.copies * 4096);
  // What was copied before the fork (pages of the program's own file) is on no fork's bill.
  const model::TimeNs forked = recorded.all<model::TaskNew>().front().first.ts_ns;
  std::uint64_t before = 0;
  for (const auto& [event, fault] : recorded.all<model::Fault>()) {
    before += event.ts_ns < forked && fault.not_zeroed && (fault.error_code & 3) == 3;
  }
  EXPECT_EQ(fork.cow_parent.copies + fork.cow_child.copies + before, summary.totals.cow.copies);
  EXPECT_GE(fork.shared_pages, kPages);
  EXPECT_GE(fork.page_table_pages, 3u);
  ASSERT_TRUE(fork.duration_ns.has_value());
  ASSERT_TRUE(fork.first_run_delay_ns.has_value());
  expect_audited(recorded, 0);
}

TEST(Fault, HugePages) {
  TRIPTYCH_RECORD("huge", 4);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kHuge), 4u);
  EXPECT_EQ(pages(summary, FaultKind::kHuge), 4u * 512);
}

TEST(Fault, HugetlbCopies) {
  constexpr const char* kPool = "/proc/sys/vm/nr_hugepages";
  std::string before;
  std::ifstream(kPool) >> before;
  std::ofstream(kPool) << 16 << std::flush;
  Recorded recorded;
  record_scenario("hugetlb_copy", 4, &recorded);
  std::ofstream(kPool) << before << std::flush;
  if (HasFatalFailure() || IsSkipped()) return;
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kHugetlbCopy), 4u);
  // Beside pages of its stack and data, which are small.
  const Summary whole = recorded.summary();
  ASSERT_EQ(whole.forks.size(), 1u);
  const analyze::CowBill& child = whole.forks[0].cow_child;
  EXPECT_EQ(child.bytes, (4ull << 21) + (child.copies - 4) * 4096);
}

TEST(Fault, PagesSwappedOutComeBack) {
  const SwapDevice swap;
  if (!swap.refusal().empty()) GTEST_SKIP() << swap.refusal();
  TRIPTYCH_RECORD("swapped_out", kPages);
  const Summary summary = recorded.marked();
  // Memory answers at once, so that the kernel reads nothing ahead.
  EXPECT_EQ(count(summary, FaultKind::kSwap), summary.totals.faults.total);
  EXPECT_EQ(summary.totals.faults.total, kPages);
  expect_audited(recorded, 0);
}

TEST(Fault, TakenWhileTheKernelRan) {
  TRIPTYCH_RECORD("kernel_mode", kPages);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kFirstTouch), kPages);
  EXPECT_EQ(summary.totals.faults.kernel_mode, kPages);
  expect_audited(recorded, 0);
}

TEST(Fault, SegmentationFaultsAreNotFaultsTaken) {
  TRIPTYCH_RECORD("segv", kPages);
  const Summary summary = recorded.marked();
  // Each is found open at the next; the last one at the end of the recording or not at all.
  EXPECT_GE(summary.totals.faults.unresolved, kPages - 1);
  EXPECT_LE(summary.totals.faults.unresolved, kPages);
  EXPECT_EQ(summary.totals.faults.total, 0u);
  expect_audited(recorded, 0);
}

struct KernelTaken {
  const char* scenario;
};
class KernelTakenFaults : public testing::TestWithParam<KernelTaken> {};

// Only the audit shows them on kernels without fentry; with it they are events of their own.
TEST_P(KernelTakenFaults, AreMeasuredByTheAudit) {
  TRIPTYCH_RECORD(GetParam().scenario, kPages);
  ASSERT_EQ(recorded.wait_status, 0);
  expect_audited(recorded, kPages);
  const Summary summary = recorded.marked();
  EXPECT_EQ(summary.totals.faults.total, 0u);
  if (kernel_has("fentry/handle_mm_fault")) {
    EXPECT_EQ(summary.totals.faults.kernel_taken, kPages);
  } else {
    EXPECT_EQ(summary.totals.faults.kernel_taken, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Causes, KernelTakenFaults,
                         testing::Values(KernelTaken{"populate"}, KernelTaken{"mlock"},
                                         KernelTaken{"proc_mem"}),
                         [](const testing::TestParamInfo<KernelTaken>& cause) {
                           return std::string(cause.param.scenario);
                         });

// exec copies the arguments into the new address space itself.
TEST(Fault, ExecsArgumentsAreTakenByTheKernel) {
  TRIPTYCH_RECORD("spawns", 10);
  const Summary summary = recorded.summary();
  EXPECT_EQ(summary.totals.execs, 11u);
  EXPECT_EQ(summary.audit.faults_recorded, summary.audit.faults_counted);
  ASSERT_TRUE(summary.audit.faults_kernel_taken.has_value());
  EXPECT_GE(*summary.audit.faults_kernel_taken, 10u);  // one or two each
  EXPECT_LE(*summary.audit.faults_kernel_taken, 20u);
}

TEST(Fault, UserfaultfdWriteProtection) {
  TRIPTYCH_RECORD("userfaultfd", kPages);
  const Summary summary = recorded.marked();
  EXPECT_EQ(count(summary, FaultKind::kUserfaultfd), kPages);
  EXPECT_EQ(summary.totals.faults.total, kPages);
  EXPECT_EQ(summary.totals.cow.copies, 0u);
}

}  // namespace
}  // namespace triptych::test
