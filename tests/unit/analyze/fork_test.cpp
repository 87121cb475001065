// SPDX-License-Identifier: Apache-2.0
#include "analyze_support.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;
using analyze::CreatedBy;
using analyze::FaultKind;
using analyze::Fork;
using analyze::Summary;
using model::LossClass;
using model::TaskId;

void copies(TraceBuilder& t, int count) {
  for (int i = 0; i < count; ++i) t.after(2us).fault(cow_copy());
}

const Fork& fork_of(const Summary& summary, TaskId child) {
  static const Fork kNone;
  const Fork* fork = find_fork(summary, child);
  EXPECT_NE(fork, nullptr);
  return fork == nullptr ? kNone : *fork;
}

TEST(ForkTest, TheBillOfAFork) {
  TraceBuilder t;
  const TaskId parent = t.at(10us).cpu(0).launch("sh", 100);
  copies(t, 1);  // before there was any fork
  const TaskId child = t.at(20us).fork(101);
  t.at(21us).wake_new(child).at(25us).clone_return(child, 60us);
  copies(t, 3);
  t.after(1us).fault(wp_reuse()).at(40us).cpu(1).switch_to(child);
  copies(t, 5);
  t.at(60us).exit(0).at(61us).end_to(model::kIdleTask).cpu(0);
  copies(t, 2);  // the child is gone: charged to nobody
  const Summary summary = analyze_events(t.events());
  ASSERT_EQ(summary.forks.size(), 1u);
  const Fork& fork = summary.forks[0];
  EXPECT_EQ(fork.parent, parent);
  EXPECT_EQ(fork.child, child);
  EXPECT_EQ(fork.parent_tid, 100);
  EXPECT_EQ(fork.child_tid, 101);
  EXPECT_EQ(fork.kind, CreatedBy::kFork);
  EXPECT_EQ(fork.ts_ns, 20'000u);
  EXPECT_EQ(fork.duration_ns, 60'000u);
  EXPECT_EQ(fork.first_run_delay_ns, 20'000u);
  EXPECT_EQ(fork.page_table_pages, 12u);
  EXPECT_EQ(fork.shared_pages, 500u);
  EXPECT_EQ(fork.cow_parent.copies, 3u);
  EXPECT_EQ(fork.cow_parent.bytes, 3u * 4096);
  EXPECT_EQ(fork.cow_parent.time_ns, 3u * 1900);
  EXPECT_EQ(fork.cow_child.copies, 5u);
  EXPECT_FALSE(fork.cow_incomplete);
  EXPECT_EQ(summary.totals.forks, 1u);
  EXPECT_EQ(summary.totals.cow.copies, 11u);
  EXPECT_EQ(summary.totals.cow.bytes, 11u * 4096);
}

TEST(ForkTest, CopiesInFileMappingsAreToldApart) {
  const auto in_mapping = [](model::Mapping mapping) {
    return fault_facts(7, mapping, 1, false, true, 1900);
  };
  TraceBuilder t;
  const TaskId parent = t.at(10us).cpu(0).launch("sh", 100);
  // Read before and written now: a copy, and no fork far and wide.
  t.at(12us).fault(in_mapping(model::Mapping::kFile));
  const TaskId child = t.at(20us).fork(101);
  t.at(21us).wake_new(child).at(25us).clone_return(child, 60us);
  t.at(30us).fault(in_mapping(model::Mapping::kShmem));
  copies(t, 2);
  const Summary summary = analyze_events(t.events());
  const Fork& fork = fork_of(summary, child);
  EXPECT_EQ(fork.cow_parent.copies, 3u);
  EXPECT_EQ(fork.cow_parent.in_file_mappings, 1u);
  EXPECT_EQ(fork.cow_child.in_file_mappings, 0u);
  EXPECT_EQ(task_of(summary, parent).cow.in_file_mappings, 2u);
  EXPECT_EQ(summary.totals.cow.copies, 4u);
  EXPECT_EQ(summary.totals.cow.in_file_mappings, 2u);
}

TEST(ForkTest, TheMostRecentForkWhoseChildLivesPays) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId older = t.at(20us).fork(101);
  t.at(21us).wake_new(older);
  copies(t, 1);
  const TaskId newer = t.at(30us).fork(102);
  t.at(31us).wake_new(newer);
  copies(t, 2);
  t.at(40us).cpu(1).switch_to(newer).at(42us).exec("ls").cpu(0);
  copies(t, 4);  // the newer one has a program of its own now
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(fork_of(summary, older).cow_parent.copies, 5u);
  EXPECT_EQ(fork_of(summary, newer).cow_parent.copies, 2u);
}

TEST(ForkTest, AChildThatForksPaysAsParent) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("server", 100);
  const TaskId daemon = t.at(20us).fork(101);
  t.at(21us).wake_new(daemon).at(22us).cpu(1).switch_to(daemon);
  copies(t, 2);
  const TaskId saver = t.at(30us).fork(102);
  t.at(31us).wake_new(saver);
  copies(t, 3);
  t.at(40us).cpu(2).switch_to(saver);
  copies(t, 4);
  t.at(60us).exit(0).at(61us).end_to(model::kIdleTask).cpu(1);
  copies(t, 1);  // shared with the server again
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(fork_of(summary, daemon).cow_child.copies, 3u);
  EXPECT_EQ(fork_of(summary, daemon).cow_parent.copies, 0u);
  EXPECT_EQ(fork_of(summary, saver).cow_parent.copies, 3u);
  EXPECT_EQ(fork_of(summary, saver).cow_child.copies, 4u);
}

TEST(ForkTest, ThreadsAndVforkShareTheAddressSpaceAndHaveNoBill) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId thread = t.at(12us).thread(101);
  const TaskId spawned = t.at(14us).vfork(102);
  t.at(15us).wake_new(thread).wake_new(spawned);
  copies(t, 2);
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(summary.totals.threads_created, 1u);
  EXPECT_EQ(summary.totals.vforks, 1u);
  EXPECT_EQ(summary.totals.forks, 0u);
  ASSERT_EQ(summary.forks.size(), 1u);
  EXPECT_EQ(summary.forks[0].kind, CreatedBy::kVfork);
  EXPECT_EQ(summary.forks[0].cow_parent.copies, 0u);
  EXPECT_EQ(summary.totals.cow.copies, 2u);
}

TEST(ForkTest, APrivateFileCopyIsNotChargedAndAHugetlbCopyIsTwoMebibytes) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId child = t.at(20us).fork(101);
  t.at(21us).fault(fault_facts(6, model::Mapping::kFile, 1, false, true));
  t.at(22us).fault(fault_facts(7, model::Mapping::kHugetlb, 0, false, false, 90'000));
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(fork_of(summary, child).cow_parent.copies, 1u);
  EXPECT_EQ(fork_of(summary, child).cow_parent.bytes, 2u << 20);
  EXPECT_EQ(fork_of(summary, child).cow_parent.time_ns, 90'000u);
  EXPECT_EQ(count_of(summary.totals.faults, FaultKind::kPrivateFileCopy), 1u);
}

TEST(ForkTest, AfterALossOfTaskRecordsTheBillStandsStill) {
  TraceBuilder t;
  t.at(10us).cpu(0).launch("sh", 100);
  const TaskId child = t.at(20us).fork(101);
  copies(t, 3);
  t.at(200ms);
  copies(t, 1);
  t.at(400ms).fault(cow_copy()).at(401ms).cpu(1).lost(399ms, 400ms, LossClass::kTask).cpu(0);
  copies(t, 5);
  const Summary summary = analyze_events(t.events());
  EXPECT_EQ(fork_of(summary, child).cow_parent.copies, 4u);
  EXPECT_TRUE(fork_of(summary, child).cow_incomplete);
  EXPECT_EQ(summary.totals.cow.copies, 10u);
}

TEST(ForkTest, FaultsAreKeptByAddressSpaceAndKind) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
  const model::MmId first = t.mm_of(a);
  t.at(11us).fault(first_touch()).fault(first_touch()).fault(file_read());
  t.at(20us).exec("ls").at(21us).fault(first_touch());
  model::Fault no_start = cow_copy();
  no_start.no_start = true;
  t.at(22us).fault(no_start).at(30us).exit(0).at(31us).end_to(model::kIdleTask);
  const Summary summary = analyze_events(t.events());
  const analyze::AddressSpace* old = find_space(summary, first);
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->comm, "sh");
  EXPECT_EQ(old->tgid, 100);
  EXPECT_EQ(old->end_ns, 20'000u);
  const auto& touched = old->faults[static_cast<std::size_t>(FaultKind::kFirstTouch)];
  EXPECT_EQ(touched.count, 2u);
  EXPECT_EQ(touched.pages, 2u);
  EXPECT_EQ(touched.time_ns, 1'800u);
  EXPECT_EQ(touched.latency.max(), 900u);
  const analyze::AddressSpace* second = find_space(summary, t.mm_of(a));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->comm, "ls");
  EXPECT_EQ(second->end_ns, 31'000u);
  const auto& unknown = second->faults[static_cast<std::size_t>(FaultKind::kUnknown)];
  EXPECT_EQ(unknown.count, 1u);
  EXPECT_EQ(unknown.latency.count(), 0u);  // its beginning was not seen
}

TEST(ForkTest, MinorMajorKernelModeAndWhatIsNotAFaultTaken) {
  TraceBuilder t;
  const TaskId a = t.at(10us).cpu(0).launch("sh", 100);
  model::Fault major = file_read();
  major.major = true;
  model::Fault in_kernel = first_touch();
  in_kernel.error_code = 2;
  model::Fault taken;
  taken.kernel_taken = taken.from_fentry = true;
  t.at(11us).fault(major).fault(in_kernel).fault(unresolved()).fault(taken);
  const analyze::FaultCounts counts = task_of(analyze_events(t.events()), a).faults;
  EXPECT_EQ(counts.total, 2u);
  EXPECT_EQ(counts.minor, 1u);
  EXPECT_EQ(counts.major, 1u);
  EXPECT_EQ(counts.kernel_mode, 1u);
  EXPECT_EQ(counts.unresolved, 1u);
  EXPECT_EQ(counts.kernel_taken, 1u);
}

}  // namespace
}  // namespace triptych::test
