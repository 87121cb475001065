// SPDX-License-Identifier: Apache-2.0
#include "analyze/address_spaces.hpp"

namespace triptych::analyze {

SpaceRecord* AddressSpaces::find(model::MmId id) const {
  const std::uint32_t position = index_.find(id);
  return position == index_.kNone ? nullptr : records_[position].get();
}

SpaceRecord* AddressSpaces::meet(model::MmId id, model::TimeNs ts_ns) {
  if (id == model::kNoMm) return nullptr;
  if (SpaceRecord* known = find(id)) return known;
  index_.insert(id, static_cast<std::uint32_t>(records_.size()));
  records_.push_back(std::make_unique<SpaceRecord>());
  SpaceRecord* record = records_.back().get();
  record->space.id = id;
  record->space.start_ns = ts_ns;
  return record;
}

void AddressSpaces::use(TaskRecord& task, model::MmId id, model::TimeNs ts_ns,
                        const std::string& old_name) {
  if (id == model::kNoMm) return;
  task.mm_seen_ns = ts_ns;
  if (task.mm == id || task.buried) return;
  leave(task, ts_ns, old_name);
  SpaceRecord* record = meet(id, ts_ns);
  task.mm = id;
  ++record->users;
  record->space.end_ns.reset();
  if (record->first_user != model::kNoTask) return;
  record->first_user = task.task.id;
  record->space.tgid = task.task.tgid;
}

void AddressSpaces::leave(TaskRecord& task, model::TimeNs ts_ns, const std::string& name) {
  SpaceRecord* record = find(task.mm);
  task.mm = model::kNoMm;
  if (record == nullptr) return;
  if (record->first_user == task.task.id) record->space.comm = name;
  if (record->users > 0 && --record->users == 0 && !record->uncounted_users) {
    record->space.end_ns = ts_ns;
  }
}

}  // namespace triptych::analyze
