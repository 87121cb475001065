// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cerrno>
#include <csignal>

#include "workloads/limits.hpp"
#include "workloads/support/child.hpp"
#include "workloads/switch/ring.hpp"

namespace triptych::workloads::switching {
namespace {

// What a forked process costs beside its working set: its tables, kernel stack and own pages.
constexpr std::uint64_t kBytesPerProcess = 200 * 1024;

// While it lives, the death of a child abandons the ring, so that nobody waits in vain. It has to
// be there before the first child is, and whatever mask of signals the program was started with.
class ChildWatch {
 public:
  explicit ChildWatch(Ring* ring) {
    watched_ = ring;
    struct sigaction action {};
    action.sa_handler = &ChildWatch::child_died;
    action.sa_flags = SA_NOCLDSTOP;
    ::sigaction(SIGCHLD, &action, &before_);
    sigset_t deaths;
    ::sigemptyset(&deaths);
    ::sigaddset(&deaths, SIGCHLD);
    ::pthread_sigmask(SIG_UNBLOCK, &deaths, &mask_before_);
  }
  ChildWatch(const ChildWatch&) = delete;
  ChildWatch& operator=(const ChildWatch&) = delete;
  ~ChildWatch() {
    ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    ::sigaction(SIGCHLD, &before_, nullptr);
    watched_ = nullptr;
  }

 private:
  static void child_died(int) {
    const int kept = errno;
    if (Ring* const ring = watched_) ring->abandon();
    errno = kept;
  }
  static inline std::atomic<Ring*> watched_{nullptr};
  struct sigaction before_ {};
  sigset_t mask_before_{};
};

class ProcessCell final : public Cell {
 public:
  ~ProcessCell() override {
    watch_.reset();
    for (std::size_t i = 0; i < children_.size(); ++i) {
      if (broken_) ::kill(children_[i], SIGKILL);
      ring_->give(static_cast<unsigned>(i + 1), kStop);
    }
    for (const pid_t child : children_) reap(child);
    placement_.restore();
  }

  static Result<std::unique_ptr<Cell>> make(const Parameters& parameters) {
    const auto units = static_cast<unsigned>(parameters.value("units"));
    auto cell = std::make_unique<ProcessCell>();
    TRIPTYCH_TRY_ASSIGN(cell->placement_, Placement::create(parameters.choice("placement")));
    TRIPTYCH_TRY_ASSIGN(cell->ring_,
                        Ring::create(units, parameters.choice("through"), Sharing::kProcesses));
    cell->watch_ = std::make_unique<ChildWatch>(cell->ring_.get());
    for (unsigned unit = 1; unit < units; ++unit) TRIPTYCH_TRY(cell->start(unit, parameters));
    cell->placement_.place(0);
    TRIPTYCH_TRY_ASSIGN(cell->set_, WorkingSet::create(parameters.value("working-set")));
    TRIPTYCH_TRY(cell->run(units));  // two laps: each unit is there, and has what it needs
    return cell;
  }

  Result<void> run(std::uint64_t operations) override {
    if (!broken_ && ring_->lead(operations * kHandoversPerOperation, &set_)) return {};
    broken_ = true;
    return fail("a process of the ring ended before its time");
  }

  Usage usage_of_living_processes() const override {
    return broken_ ? Usage{} : ring_->usage_of_others();
  }

 private:
  Result<void> start(unsigned unit, const Parameters& parameters) {
    TRIPTYCH_TRY_ASSIGN(const pid_t child, start_child([&]() -> int {
                          placement_.place(unit);
                          Result<WorkingSet> set =
                              WorkingSet::create(parameters.value("working-set"));
                          if (!set) return 1;
                          ring_->serve(unit, &*set);
                          return 0;
                        }));
    children_.push_back(child);
    return {};
  }

  Placement placement_;
  std::unique_ptr<Ring> ring_;
  std::unique_ptr<ChildWatch> watch_;
  WorkingSet set_;
  std::vector<pid_t> children_;
  bool broken_ = false;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_process(const Parameters& parameters) {
  const std::uint64_t units = parameters.value("units");
  Needs needs;
  needs.tasks = units - 1;
  needs.memory_bytes = units * (parameters.value("working-set") + kBytesPerProcess);
  if (parameters.choice("through") == "pipe") needs.descriptors = 2 * units;
  TRIPTYCH_TRY(require(needs));
  return ProcessCell::make(parameters);
}

}  // namespace triptych::workloads::switching
