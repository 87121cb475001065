// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <new>

#include "workloads/cow/cow.hpp"
#include "workloads/support/child.hpp"
#include "workloads/support/futex.hpp"

namespace triptych::workloads::cow {
namespace {

constexpr timespec kLookInterval{0, 200'000'000};  // at a child that may have died

// In memory that parent and child share.
struct Meeting {
  std::atomic<std::uint32_t> written{0};  // by the child: it has
  std::atomic<std::uint32_t> end{0};      // by the parent: the child may
  Writing child;
};

class ProcessCell final : public Cell {
 public:
  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
    auto cell = std::make_unique<ProcessCell>();
    TRIPTYCH_TRY_ASSIGN(cell->stage_, Stage::prepare(parameters, Memory::kOfEach));
    TRIPTYCH_TRY_ASSIGN(cell->shared_, Mapping::shared(sizeof(Meeting)));
    cell->meeting_ = new (cell->shared_.data()) Meeting;
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) TRIPTYCH_TRY(run_once());
    return {};
  }

  bool needs_restoring() const override { return stage_.plan().needs_restoring; }
  void restore() override { stage_.restore(); }
  std::vector<Metric> metrics() const override { return stage_.metrics(); }

 private:
  Result<void> run_once() {
    meeting_->written.store(0);
    meeting_->end.store(0);
    TRIPTYCH_TRY_ASSIGN(const pid_t child, start_child([this] { return live(); }));
    while (meeting_->written.load() == 0) {
      futex_wait(&meeting_->written, 0, Sharing::kProcesses, &kLookInterval);
      if (meeting_->written.load() != 0 || !has_ended(child)) continue;
      reap(child);
      return fail("the child ended before it had written");
    }
    stage_.add_child(meeting_->child);
    stage_.add_during(stage_.write(stage_.plan().during));
    meeting_->end.store(1);
    futex_wake(&meeting_->end, 1, Sharing::kProcesses);
    reap(child);
    stage_.add_after(stage_.write(stage_.plan().after));
    stage_.count_operation();
    return {};
  }

  int live() {
    meeting_->child = stage_.write(stage_.plan().child);
    meeting_->written.store(1);
    futex_wake(&meeting_->written, 1, Sharing::kProcesses);
    while (meeting_->end.load() == 0) futex_wait(&meeting_->end, 0, Sharing::kProcesses);
    return 0;
  }

  Stage stage_;
  Mapping shared_;
  Meeting* meeting_ = nullptr;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_process(const Parameters& parameters) {
  return ProcessCell::make(parameters);
}

}  // namespace triptych::workloads::cow
