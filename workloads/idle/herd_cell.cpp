// SPDX-License-Identifier: Apache-2.0
#include "workloads/idle/herd_cell.hpp"

#include <unistd.h>

#include <ctime>
#include <utility>

#include "workloads/idle/account.hpp"

namespace triptych::workloads::idle {
namespace {

// Less than the smallest herd that is worth comparing with what is available.
constexpr std::uint64_t kQuietBytes = 256 << 10;
constexpr int kTrials = 10;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

// Said even where it does not bind: it is what keeps stackful coroutines from being as many.
constexpr std::string_view kMappingLimit = "vm.max_map_count";

class HerdCell final : public Cell {
 public:
  HerdCell(Decision decision, MakeHerd make_herd)
      : decision_(std::move(decision)), make_herd_(std::move(make_herd)) {}

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) TRIPTYCH_TRY(run_once());
    return {};
  }

  std::vector<Metric> metrics() const override {
    if (!herd_) return {};
    std::vector<Metric> metrics = {
        {"units", "1", static_cast<double>(decision_.units), "counted"},
        {"creation_ns_per_unit", "ns",
         static_cast<double>(creation_ns_) / static_cast<double>(decision_.units),
         "CLOCK_MONOTONIC, until the last unit is about to wait"},
    };
    for (const Metric& metric : metrics_of(account_)) metrics.push_back(metric);
    for (const Metric& metric : herd_->metrics()) metrics.push_back(metric);
    return metrics;
  }

  std::uint64_t coroutine_switches() const override { return switches_; }

  std::vector<std::string> notes() const override {
    std::vector<std::string> notes;
    if (decision_.fewer || decision_.limit == kMappingLimit) notes.push_back(decision_.as_note());
    if (!is_quiet(account_)) {
      notes.push_back(
          "other programs took or gave memory meanwhile: what is available says little");
    }
    return notes;
  }

 private:
  Result<void> run_once() {
    herd_.reset();
    account_ = {};
    account_.machine_before = MachineMemory::read_settled();
    for (int trial = 0; trial < kTrials; ++trial) {
      const MachineMemory earlier =
          std::exchange(account_.machine_before, MachineMemory::read_settled());
      account_.disturbance = distance(earlier.available, account_.machine_before.available);
      if (account_.disturbance < kQuietBytes) break;
    }
    account_.own_before = ProcessMemory::read(::getpid());
    const std::uint64_t start = now_ns();
    TRIPTYCH_TRY_ASSIGN(herd_, make_herd_(decision_.units));
    creation_ns_ = now_ns() - start;
    switches_ += herd_->coroutine_switches();
    // The machine first: looking into a process makes the kernel keep something for it.
    account_.machine_after = MachineMemory::read_settled();
    account_.disturbance +=
        distance(account_.machine_after.available, MachineMemory::read_settled().available);
    account_.own_after = ProcessMemory::read(::getpid());
    for (const pid_t tgid : herd_->processes()) {
      account_.others.push_back(ProcessMemory::read(tgid));
    }
    account_.units = decision_.units;
    return {};
  }

  Decision decision_;
  MakeHerd make_herd_;
  Account account_;
  std::uint64_t creation_ns_ = 0;
  std::uint64_t switches_ = 0;
  std::unique_ptr<Herd> herd_;
};

}  // namespace

std::unique_ptr<Cell> make_herd_cell(Decision decision, MakeHerd make_herd) {
  return std::make_unique<HerdCell>(std::move(decision), std::move(make_herd));
}

}  // namespace triptych::workloads::idle
