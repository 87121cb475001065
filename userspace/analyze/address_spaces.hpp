// SPDX-License-Identifier: Apache-2.0
//
// Address spaces, and which tasks use them: one lives from its first user to its last one's exec or
// last switch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "analyze/dense_index.hpp"
#include "analyze/task_record.hpp"

namespace triptych::analyze {

inline constexpr std::uint32_t kNoFork = ~0u;

struct SpaceRecord {
  AddressSpace space;
  std::uint32_t users = 0;
  bool uncounted_users = false;  // a user's creation is missing: it may live on when nobody is left
  model::TaskId first_user{};
  std::uint32_t made_by = kNoFork;  // position in ForkTracker's forks
  // Forks of this space whose copies may be alive, the newest last. kNoFork: there may have been
  // one here that is missing.
  std::vector<std::uint32_t> forks;
  bool listed = false;  // among those that a loss of task records throws into doubt
};

class AddressSpaces {
 public:
  [[nodiscard]] SpaceRecord* find(model::MmId id) const;
  // Null for kNoMm only.
  SpaceRecord* meet(model::MmId id, model::TimeNs ts_ns);

  // `task` uses `id` from now on, and no other. The name is the one it had so far.
  void use(TaskRecord& task, model::MmId id, model::TimeNs ts_ns, const std::string& old_name);
  void leave(TaskRecord& task, model::TimeNs ts_ns, const std::string& name);

  [[nodiscard]] const std::vector<std::unique_ptr<SpaceRecord>>& records() const {
    return records_;
  }

 private:
  DenseIndex<model::MmId> index_;
  std::vector<std::unique_ptr<SpaceRecord>> records_;
};

}  // namespace triptych::analyze
