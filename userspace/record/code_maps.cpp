// SPDX-License-Identifier: Apache-2.0
#include "record/code_maps.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace triptych::record {

using symbol::capture::MapEvent;

Result<CodeMaps> CodeMaps::prepare(const Options& options) {
  CodeMaps maps;
  if (!options.stacks.any()) return maps;
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  TRIPTYCH_TRY_ASSIGN(maps.watch_, symbol::capture::MapWatch::open(
                                       static_cast<std::uint32_t>(cpus > 0 ? cpus : 1)));
  return maps;
}

void CodeMaps::start(const model::Target& target, std::uint32_t stream) {
  stream_ = stream;
  there_ = target.kind != model::TargetKind::kCommand;
  // Its first mappings come before the record of its exec.
  if (target.tgid != 0) processes_.add(target.tgid);
}

void CodeMaps::begin() {
  if (watch_) watch_->look();
}

void CodeMaps::on_record(std::span<const std::byte> record) {
  if (watch_) processes_.on_record(record);
}

// Whoever maps code had been told of before: what the rings had to say since we looked is known.
Result<void> CodeMaps::write(trace::Writer& writer) {
  if (!watch_) return {};
  std::vector<MapEvent> events = watch_->take();
  if (there_) add_running(events);
  there_ = false;
  for (MapEvent& event : events) {
    if (!processes_.has(event.tgid)) continue;
    if (event.exec) {
      fresh_.insert(event.tgid);
      continue;
    }
    if (!event.there) event.fresh = fresh_.erase(event.tgid) != 0;
    TRIPTYCH_TRY(writer.append(stream_, symbol::capture::record_of(event)));
  }
  return {};
}

void CodeMaps::add_running(std::vector<MapEvent>& events) const {
  for (const model::Tid tgid : processes_.tgids()) {
    for (MapEvent& event : symbol::capture::maps_of_process(tgid)) {
      events.push_back(std::move(event));
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const MapEvent& a, const MapEvent& b) { return a.ts_ns < b.ts_ns; });
}

}  // namespace triptych::record
