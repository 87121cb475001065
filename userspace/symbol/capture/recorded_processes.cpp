// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/recorded_processes.hpp"

#include <cstring>

#include "abi/events.h"

namespace triptych::symbol::capture {
namespace {

template <class Raw>
bool read_as(std::span<const std::byte> record, Raw& raw) {
  if (record.size() < sizeof raw) return false;
  std::memcpy(&raw, record.data(), sizeof raw);
  return true;
}

}  // namespace

void RecordedProcesses::on_record(std::span<const std::byte> record) {
  triptych_hdr header;
  if (!read_as(record, header)) return;
  if (header.kind == TRIPTYCH_EV_TASK_NEW) {
    triptych_task_new born;
    if (read_as(record, born)) add(static_cast<model::Tid>(born.tgid));
  } else if (header.kind == TRIPTYCH_EV_TASK_SEEN) {
    triptych_task_seen seen;
    if (read_as(record, seen) && seen.how != TRIPTYCH_SEEN_STRANGER) {
      add(static_cast<model::Tid>(seen.tgid));
    }
  }
}

}  // namespace triptych::symbol::capture
