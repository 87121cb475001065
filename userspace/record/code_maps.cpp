// SPDX-License-Identifier: Apache-2.0
#include "record/code_maps.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace triptych::record {

using symbol::capture::MapEvent;

namespace {

// What is mapped by this time would be a file of its own each time.
constexpr std::size_t kMostFiles = 1 << 16;

// As the kernel tells of it: of files with a build id it tells no inode.
std::string file_of(const MapEvent& event) {
  return fmt::format("{}:{}:{} {:02x} {}", event.device_major, event.device_minor, event.inode,
                     fmt::join(event.build_id, ""), event.path);
}

}  // namespace

Result<CodeMaps> CodeMaps::prepare(const Options& options, bool wanted_besides) {
  CodeMaps maps;
  maps.for_stacks_ = options.stacks.any();
  maps.for_others_ = wanted_besides;
  if (!maps.for_stacks_ && !maps.for_others_) return maps;
  const long cpus = ::sysconf(_SC_NPROCESSORS_CONF);
  TRIPTYCH_TRY_ASSIGN(maps.watch_, symbol::capture::MapWatch::open(
                                       static_cast<std::uint32_t>(cpus > 0 ? cpus : 1)));
  return maps;
}

Result<void> CodeMaps::start(const model::Target& target, std::uint32_t stream) {
  stream_ = stream;
  there_ = for_stacks_ && target.kind != model::TargetKind::kCommand;
  // Its first mappings come before the record of its exec.
  if (target.tgid != 0) processes_.add(target.tgid);
  return watch_ ? watch_->begin() : Result<void>();
}

void CodeMaps::begin() {
  if (watch_) watch_->look();
}

void CodeMaps::on_record(std::span<const std::byte> record) {
  if (watch_) processes_.on_record(record);
}

void CodeMaps::note_mapper(const MapEvent& event) {
  const bool is_file = event.path.starts_with('/');
  if (!for_others_ || event.there || !is_file || files_.size() + waiting_.size() >= kMostFiles) {
    return;
  }
  std::string file = file_of(event);
  if (files_.count(file) != 0) return;
  waiting_[std::move(file)][event.tgid] = event.start;
  mappers_.insert(event.tgid);
}

// What nobody had any more when he was looked into is told of again when it is mapped again.
void CodeMaps::note_looked_into(const LookedInto& processes) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    Mappers& mappers = at->second;
    bool seen = false;
    for (auto mapper = mappers.begin(); mapper != mappers.end() && !seen;) {
      const auto found = processes.find(mapper->first);
      const std::uint64_t address = mapper->second;
      if (found == processes.end()) {
        ++mapper;
        continue;
      }
      seen = std::any_of(found->second.begin(), found->second.end(), [&](const auto& range) {
        return range.begin <= address && address < range.end;
      });
      mapper = mappers.erase(mapper);
    }
    if (seen) files_.insert(at->first);
    at = seen || mappers.empty() ? waiting_.erase(at) : std::next(at);
  }
}

// Whoever maps code had been told of before: what the rings had to say since we looked is known.
Result<void> CodeMaps::write(trace::Writer& writer) {
  if (!watch_) return {};
  std::vector<MapEvent> events = watch_->take();
  if (there_) add_running(events);
  there_ = false;
  if (for_others_ && watch_->lost() != lost_seen_) mappers_ = processes_.tgids();
  lost_seen_ = watch_->lost();
  std::set<model::Tid> makers;
  for (MapEvent& event : events) {
    if (!processes_.has(event.tgid)) continue;
    if (!event.exec) note_mapper(event);
    if (!for_stacks_) continue;
    if (event.exec) {
      fresh_.insert(event.tgid);
      makers.erase(event.tgid);
      TRIPTYCH_TRY(names_.leave(event.tgid, names_into(writer)));
      continue;
    }
    if (!event.there) event.fresh = fresh_.erase(event.tgid) != 0;
    TRIPTYCH_TRY(writer.append(stream_, symbol::capture::record_of(event)));
    last_ns_ = std::max(last_ns_, event.ts_ns);
    if (event.is_made()) makers.insert(event.tgid);
  }
  for (const model::Tid tgid : makers) names_.note(tgid);
  return names_.collect_ended(names_into(writer));
}

Result<void> CodeMaps::finish(trace::Writer& writer) {
  return names_.collect_all(names_into(writer));
}

// A name has no time of its own: with that of a mapping before it the stream stays in order.
symbol::capture::JitNames::Take CodeMaps::names_into(trace::Writer& writer) const {
  return [this, &writer](model::Tid tgid, const PerfMapLine& line) {
    return writer.append(stream_, symbol::capture::record_of(line, tgid, last_ns_));
  };
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
