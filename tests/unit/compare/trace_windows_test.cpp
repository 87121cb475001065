// SPDX-License-Identifier: Apache-2.0
#include "compare/trace_windows.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace triptych::compare {
namespace {

// Events from memory; what a source counted can be set.
class Events final : public trace::Source {
 public:
  const model::Metadata& metadata() const override { return metadata_; }
  bool next(model::Event& event) override {
    if (next_ == events_.size()) return false;
    event = events_[next_++];
    return true;
  }
  const std::optional<model::Ending>& ending() const override { return ending_; }
  const model::DataQuality& quality() const override { return quality_; }
  std::uint64_t stored_bytes() const override { return 0; }

  void add(std::uint32_t task, const model::Payload& payload) {
    model::Event event;
    event.ts_ns = now_ += 1000;
    event.task = model::TaskId{task};
    event.payload = payload;
    events_.push_back(event);
  }
  void mark(std::uint32_t task, const char* name) {
    model::Mark mark;
    mark.name.assign(name);
    add(task, mark);
  }
  // Task `from` goes to sleep in a system call, another one comes in.
  void sleep(std::uint32_t from, std::uint32_t to, std::int16_t syscall, bool mm_change = false) {
    model::Switch change;
    change.next = model::TaskId{to};
    change.prev_state = 1;
    change.syscall = syscall;
    change.voluntary = true;
    change.mm_change = mm_change;
    change.prev_target = true;
    change.next_target = true;
    add(from, change);
  }

  model::DataQuality quality_;

 private:
  model::Metadata metadata_;
  std::optional<model::Ending> ending_;
  std::vector<model::Event> events_;
  std::size_t next_ = 0;
  std::uint64_t now_ = 1'000'000;
};

constexpr std::int16_t kFutex = 202;

void add_task(Events& events, std::uint32_t task) {
  model::TaskSeen seen;
  seen.tid = static_cast<model::Tid>(task);
  seen.tgid = seen.tid;
  seen.mm = model::MmId{task};
  seen.how = model::SeenHow::kLaunched;
  events.add(task, seen);
}

void add_cell(Events& events, std::uint32_t task, int control, int measured) {
  add_task(events, task);
  events.mark(task, "control-begin");
  for (int i = 0; i < control; ++i) events.sleep(task, 99, kFutex);
  events.mark(task, "control-end");
  events.mark(task, "begin");
  for (int i = 0; i < measured; ++i) events.sleep(task, 99, kFutex, true);
  events.mark(task, "end");
  for (int i = 0; i < 50; ++i) events.sleep(task, 99, kFutex);
}

void resume_and_suspend(Events& events, std::uint32_t task, int times) {
  for (int i = 0; i < times; ++i) {
    model::Coroutine coroutine;
    coroutine.id = 7;
    coroutine.what = model::CoroutineWhat::kResumed;
    events.add(task, coroutine);
    coroutine.what = model::CoroutineWhat::kSuspended;
    events.add(task, coroutine);
  }
}

TEST(ReadWindows, CountsResumptionsBetweenTheMarks) {
  Events events;
  events.mark(2, "cell-0");
  add_task(events, 10);
  resume_and_suspend(events, 10, 3);
  events.mark(10, "control-begin");
  resume_and_suspend(events, 10, 2);
  events.mark(10, "control-end");
  resume_and_suspend(events, 10, 9);
  events.mark(10, "begin");
  resume_and_suspend(events, 10, 5);
  events.mark(10, "end");
  resume_and_suspend(events, 10, 4);
  const auto windows = read_windows(events, std::vector<MemoryRange>(1));
  ASSERT_TRUE(windows.has_value());
  ASSERT_TRUE(windows->cells[0].complete);
  EXPECT_EQ(windows->cells[0].control.coroutine_switches, 2u);
  EXPECT_EQ(windows->cells[0].measured.coroutine_switches, 5u);
}

TEST(ReadWindows, CountsEachCellBetweenItsOwnMarks) {
  Events events;
  events.mark(2, "cell-0");
  add_cell(events, 10, 1, 5);
  events.mark(2, "cell-1");
  add_cell(events, 20, 0, 7);
  const auto windows = read_windows(events, std::vector<MemoryRange>(2));
  ASSERT_TRUE(windows.has_value());
  ASSERT_EQ(windows->cells.size(), 2u);
  EXPECT_EQ(windows->lost, 0u);
  const CellWindows& first = windows->cells[0];
  EXPECT_TRUE(first.complete);
  EXPECT_EQ(first.control.switches.voluntary, 1u);
  EXPECT_EQ(first.control.blocking.at("futex"), 1u);
  EXPECT_EQ(first.measured.switches.voluntary, 5u);
  EXPECT_EQ(first.measured.switches.mm_changes, 5u);
  EXPECT_EQ(first.measured.blocking.at("futex"), 5u);
  EXPECT_EQ(windows->cells[1].control.switches.voluntary, 0u);
  EXPECT_EQ(windows->cells[1].measured.switches.voluntary, 7u);
}

TEST(ReadWindows, ACellWithoutAllItsMarksIsNotComplete) {
  Events events;
  events.mark(2, "cell-0");
  add_task(events, 10);
  events.mark(10, "control-begin");
  events.mark(10, "control-end");
  events.mark(2, "cell-1");
  add_cell(events, 20, 0, 3);
  const auto windows = read_windows(events, std::vector<MemoryRange>(3));
  ASSERT_TRUE(windows.has_value());
  EXPECT_FALSE(windows->cells[0].complete);
  EXPECT_TRUE(windows->cells[1].complete);
  EXPECT_EQ(windows->cells[1].measured.switches.voluntary, 3u);
  EXPECT_FALSE(windows->cells[2].complete) << "it never began";
}

model::Fault copy_at(std::uint64_t address) {
  model::Fault fault;
  fault.address = address;
  fault.pages = 1;
  fault.error_code = 7;  // present, write, user
  fault.mapping = model::Mapping::kAnon;
  fault.not_zeroed = true;
  return fault;
}

TEST(ReadWindows, CopiesOfTheCellsMemoryAreToldFromOthers) {
  constexpr MemoryRange kMemory{0x10000, 0x14000};
  model::Fault of_file = copy_at(0x12000);  // of a page that the child has not in its tables yet
  of_file.error_code = 6;
  of_file.mapping = model::Mapping::kFile;
  model::Fault reused = copy_at(0x11000);
  reused.pages = 0;
  reused.not_zeroed = false;
  Events events;
  events.mark(2, "cell-0");
  add_task(events, 10);
  events.mark(10, "control-begin");
  events.add(10, copy_at(0x10000));
  events.mark(10, "control-end");
  events.add(10, copy_at(0x10000));
  events.mark(10, "begin");
  for (const std::uint64_t address : {0xffffull, 0x10000ull, 0x13fffull, 0x14000ull}) {
    events.add(10, copy_at(address));
  }
  events.add(10, of_file);
  events.add(10, reused);
  events.mark(10, "end");
  const auto windows = read_windows(events, std::vector<MemoryRange>{kMemory});
  ASSERT_TRUE(windows.has_value());
  EXPECT_EQ(windows->cells[0].control.memory_copies, 1u);
  EXPECT_EQ(windows->cells[0].measured.memory_copies, 3u);
  EXPECT_EQ(windows->cells[0].measured.cow.copies, 4u) << "those outside too, private files not";
}

TEST(ReadWindows, LossesAreTold) {
  Events events;
  events.quality_.add(model::Quality::lost_switches, 12);
  events.quality_.add(model::Quality::out_of_order, 5);
  const auto windows = read_windows(events, std::vector<MemoryRange>(1));
  ASSERT_TRUE(windows.has_value());
  EXPECT_EQ(windows->lost, 12u) << "what was only sorted is not lost";
}

}  // namespace
}  // namespace triptych::compare
