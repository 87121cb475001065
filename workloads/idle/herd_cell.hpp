// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "workloads/idle/idle.hpp"

namespace triptych::workloads::idle {

// Units that are alive and blocked; its end is theirs.
class Herd {
 public:
  Herd() = default;
  Herd(const Herd&) = delete;
  Herd& operator=(const Herd&) = delete;
  virtual ~Herd() = default;
  // The units, if they are processes.
  virtual std::vector<pid_t> processes() const { return {}; }
  // While it came to life.
  virtual std::uint64_t coroutine_switches() const { return 0; }
  // Figures beside memory in general.
  virtual std::vector<Metric> metrics() const { return {}; }
};

// Brings a herd of that many units to life and returns when all are blocked.
using MakeHerd = std::function<Result<std::unique_ptr<Herd>>(std::uint64_t units)>;

// One operation lets the herd of the last one go and makes a new one; this lives on until the
// cell's end, so that it can be looked at.
std::unique_ptr<Cell> make_herd_cell(Decision decision, MakeHerd make_herd);

}  // namespace triptych::workloads::idle
