// SPDX-License-Identifier: Apache-2.0
//
// Which processes are recorded, learnt from the kernel's own records as they pass by: of the others
// nothing is kept.
#pragma once

#include <cstddef>
#include <set>
#include <span>

#include "model/ids.hpp"

namespace triptych::symbol::capture {

class RecordedProcesses {
 public:
  void add(model::Tid tgid) { tgids_.insert(tgid); }
  // A record of one of the kernel's rings (bpf/abi/events.h).
  void on_record(std::span<const std::byte> record);
  [[nodiscard]] bool has(model::Tid tgid) const { return tgids_.count(tgid) != 0; }
  [[nodiscard]] const std::set<model::Tid>& tgids() const { return tgids_; }

 private:
  std::set<model::Tid> tgids_;  // no more than there are numbers of processes
};

}  // namespace triptych::symbol::capture
