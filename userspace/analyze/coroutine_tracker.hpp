// SPDX-License-Identifier: Apache-2.0
//
// Which coroutine was mounted on which thread, and what that thread did meanwhile. A thread's time
// is taken as on a CPU, runnable or blocked only where its own switches prove it, as in
// SwitchTracker; what is charged to a coroutine in between waits for the thread's next switch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "analyze/counting_window.hpp"
#include "analyze/summary.hpp"
#include "analyze/task_table.hpp"
#include "model/event.hpp"

namespace triptych::analyze {

class CoroutineTracker {
 public:
  CoroutineTracker(const TaskTable& tasks, const CountingWindow& window, std::uint64_t slow_step_ns,
                   const IntervalSink& intervals, const CoroutineSink& changes)
      : tasks_(tasks),
        window_(window),
        slow_step_ns_(slow_step_ns),
        intervals_(intervals),
        changes_(changes) {}

  void on_event(const model::Event& event, const model::Coroutine& coroutine);
  void on_space(const model::CoroutineSpaceNew& space);
  void on_function(const model::CoroutineFunction& function);
  void on_totals(const model::CoroutineTotals& totals);
  void on_lost(const model::CoroutineLost& lost);
  void on_file(const model::CoroutineFile& file);
  void on_wait(const model::Event& event, const model::CoroutineWait& wait);
  void on_inside(const model::CoroutineInside& inside);

  // Cheap for tasks that have no coroutines.
  void on_switch(const model::Event& event, const model::Switch& change);
  void on_wakeup(const model::Event& event);
  void on_arrival(const model::Event& event, const model::Arrival& arrival);

  void finish(model::TimeNs end_ns, Summary& summary);

 private:
  static constexpr std::size_t kMostBlocks = 10'000;
  struct Row {
    Coroutine coroutine;
    std::uint64_t key_id = 0;
    std::uint32_t thread = ~0u;  // that it ran on last
    bool mounted = false;
    bool suspended = false;
    bool end_unseen = false;         // mounted, and nobody will see until when
    CoroutineCounts unnamed;         // while its function was not known
    model::TimeNs suspended_ns = 0;  // since when
    model::TimeNs finished_ns = 0;
    std::uint64_t delayed_by = 0;       // the last blocked loop that it was counted in, + 1
    std::weak_ptr<Row> awaiter;         // Coroutine::awaited_by
    std::vector<std::uint32_t> inside;  // functions, of what it awaits while it is suspended
  };
  using RowPointer = std::shared_ptr<Row>;
  struct Charge {
    RowPointer row;
    std::uint64_t ns = 0;
    bool end_unseen = false;
  };
  enum class State : std::uint8_t { kUnknown, kOnCpu, kRunnable, kBlocked };
  // It was off its CPU since then, and at the latest there on it again.
  struct Untold {
    Charge charge;
    State state{};
    std::int32_t syscall = model::kNoSyscall;
    bool compat = false;
    model::CoroutineWait wait;
    model::TimeNs since_ns = 0, until_ns = 0, woken_ns = 0;
    std::uint16_t seq = 0;
  };
  struct Thread {
    model::TaskId task{};
    State state = State::kUnknown;
    bool ended = false;
    bool seq_known = false;
    std::uint16_t seq = 0;
    std::int32_t syscall = model::kNoSyscall;  // that it is blocked in
    bool compat = false;
    model::CoroutineWait wait;   // told since it came in last
    model::TimeNs since_ns = 0;  // of the state
    model::TimeNs woken_ns = 0;  // 0: not
    model::TimeNs charged_ns = 0;
    model::TimeNs top_ns = 0;      // the one on top is there since
    model::TimeNs step_ns = 0;     // when the outermost coroutine came on
    model::TimeNs stretch_ns = 0;  // the one on top came on, or its thread came back from a sleep
    std::uint64_t on_cpu_ns = 0;   // since then
    bool step_end_unseen = false;
    std::vector<RowPointer> stack;
    std::vector<Charge> pending;           // since the last switch
    std::optional<Untold> untold;          // before those
    std::vector<std::size_t> open_blocks;  // until it is idle
    EventLoop loop;
  };

  struct Key {
    std::uint32_t space;
    std::uint64_t id;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::uint64_t>()(key.id * 0x9e3779b97f4a7c15ull ^ key.space);
    }
  };

  void await(const RowPointer& row, const Key& other);
  void name(Row& row, std::uint32_t number);
  Thread& thread_of(model::TaskId task, model::TimeNs ts_ns);
  Thread* find(model::TaskId task);
  RowPointer row_of(const model::Event& event, const model::Coroutine& coroutine);
  RowPointer begin_row(const model::Event& event, const model::Coroutine& coroutine);
  void end_row(const RowPointer& row, std::optional<model::TimeNs> destroyed_ns,
               model::TimeNs ts_ns);
  void keep(const RowPointer& row);
  // It may have been there before it was met, or not.
  static bool is_creation_unseen(const Coroutine& coroutine) {
    return !coroutine.created_ns && coroutine.source == model::CoroutineSource::kUprobe;
  }
  void mount(Thread& thread, const RowPointer& row, model::TimeNs ts_ns);
  void note_thread(Row& row, model::TaskId task);
  void unmount(Thread& thread, const Row& row, model::TimeNs ts_ns);
  void step_ended(Thread& thread, model::TimeNs ts_ns);
  void computed(Thread& thread, model::TimeNs ts_ns);
  void charge(Thread& thread, model::TimeNs ts_ns);
  void tell_top(Thread& thread);
  void tell_new_top(const Thread& thread);
  // It was suspended until now.
  void count_wait(Row& row, model::TimeNs ts_ns);
  void put_off(Thread& thread, model::TimeNs ts_ns);
  void settle_untold(Thread& thread);
  void settle_arrived(Thread& thread, const model::Arrival& arrival);
  void settle_on_cpu(Thread& thread, bool proven);
  void settle_off_cpu(Thread& thread, model::TimeNs ts_ns, bool proven);
  void add_block(Thread& thread, const BlockedLoop& block);
  CoroutineFunction& function_of(std::uint32_t number);
  static void add(Row& row, CoroutineFunction& function, std::uint64_t CoroutineTimes::*what,
                  std::uint64_t ns);

  const TaskTable& tasks_;
  const CountingWindow& window_;
  const std::uint64_t slow_step_ns_;
  const IntervalSink& intervals_;
  const CoroutineSink& changes_;
  std::map<std::uint32_t, CoroutineSpace> spaces_;
  std::map<std::uint32_t, CoroutineFunction> functions_;
  std::unordered_map<std::uint32_t, std::uint32_t> thread_index_;  // by task
  std::vector<std::unique_ptr<Thread>> threads_;
  std::unordered_map<Key, RowPointer, KeyHash> living_;
  std::unordered_map<Key, RowPointer, KeyHash> awaited_;  // by whom, of what was not met yet
  std::vector<RowPointer> kept_;  // ended ones, a heap: the shortest mounted on top
  std::vector<BlockedLoop> blocks_;
  std::uint64_t next_number_ = 1;
  std::uint64_t omitted_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t ends_unseen_ = 0;
  std::optional<model::TimeNs> budget_ended_ns_;
};

}  // namespace triptych::analyze
