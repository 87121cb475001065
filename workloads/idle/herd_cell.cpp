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
constexpr int kTrials = 20;

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : b - a;
}

class HerdCell final : public Cell {
 public:
  HerdCell(std::uint64_t units, MakeHerd make_herd)
      : units_(units), make_herd_(std::move(make_herd)) {}

  Result<void> run(std::uint64_t operations) override {
    for (std::uint64_t i = 0; i < operations; ++i) TRIPTYCH_TRY(run_once());
    return {};
  }

  std::vector<Metric> metrics() const override {
    if (!herd_) return {};
    std::vector<Metric> metrics = {
        {"units", "1", static_cast<double>(units_), "counted"},
        {"creation_ns_per_unit", "ns",
         static_cast<double>(creation_ns_) / static_cast<double>(units_),
         "CLOCK_MONOTONIC, until the last unit is about to wait"},
    };
    for (const Metric& metric : metrics_of(account_)) metrics.push_back(metric);
    for (const Metric& metric : herd_->metrics()) metrics.push_back(metric);
    return metrics;
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
    TRIPTYCH_TRY_ASSIGN(herd_, make_herd_(units_));
    creation_ns_ = now_ns() - start;
    // The machine first: looking into a process makes the kernel keep something for it.
    account_.machine_after = MachineMemory::read_settled();
    account_.disturbance +=
        distance(account_.machine_after.available, MachineMemory::read_settled().available);
    account_.own_after = ProcessMemory::read(::getpid());
    for (const pid_t tgid : herd_->processes()) {
      account_.others.push_back(ProcessMemory::read(tgid));
    }
    account_.units = units_;
    return {};
  }

  std::uint64_t units_;
  MakeHerd make_herd_;
  Account account_;
  std::uint64_t creation_ns_ = 0;
  std::unique_ptr<Herd> herd_;
};

}  // namespace

std::unique_ptr<Cell> make_herd_cell(std::uint64_t units, MakeHerd make_herd) {
  return std::make_unique<HerdCell>(units, std::move(make_herd));
}

}  // namespace triptych::workloads::idle
