// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <new>
#include <utility>

#include "workloads/idle/gate.hpp"
#include "workloads/idle/herd_cell.hpp"
#include "workloads/idle/idle.hpp"
#include "workloads/memory.hpp"
#include "workloads/support/child.hpp"

namespace triptych::workloads::idle {
namespace {

constexpr UnitNeeds kNeedsOfProcess{1, 160 << 10, 0, 10'000};

class Processes final : public Herd {
 public:
  static Result<std::unique_ptr<Herd>> make(std::uint64_t units) {
    auto herd = std::make_unique<Processes>();
    TRIPTYCH_TRY_ASSIGN(herd->memory_, Mapping::shared(sizeof(Gate)));
    herd->gate_ = new (herd->memory_.data()) Gate;
    herd->gate_->expected = static_cast<std::uint32_t>(units);
    herd->children_.reserve(units);
    for (std::uint64_t unit = 0; unit < units; ++unit) {
      Gate* const gate = herd->gate_;
      TRIPTYCH_TRY_ASSIGN(const pid_t child, start_child([gate] {
                            gate->wait(Sharing::kProcesses);
                            return 0;
                          }));
      herd->children_.push_back(child);
    }
    while (!herd->gate_->wait_for_all(Sharing::kProcesses)) {
      for (const pid_t child : herd->children_) {
        if (has_ended(child)) return fail(fmt::format("the process {} ended by itself", child));
      }
    }
    return herd;
  }

  ~Processes() override {
    if (gate_ != nullptr) gate_->let_go(Sharing::kProcesses);
    for (const pid_t child : children_) reap(child);
  }

  std::vector<pid_t> processes() const override { return children_; }

 private:
  Mapping memory_;
  Gate* gate_ = nullptr;
  std::vector<pid_t> children_;
};

}  // namespace

Result<std::unique_ptr<Cell>> make_processes(const Parameters& parameters) {
  TRIPTYCH_TRY_ASSIGN(Decision decision, decide(parameters, kNeedsOfProcess));
  return make_herd_cell(std::move(decision), Processes::make);
}

}  // namespace triptych::workloads::idle
