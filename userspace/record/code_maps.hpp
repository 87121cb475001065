// SPDX-License-Identifier: Apache-2.0
//
// Where code is mapped in the recorded processes, over time: for the names of the addresses of
// stacks, a stream of the trace of its own; and for what of it is to be probed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/metadata.hpp"
#include "record/coroutine_finder.hpp"
#include "record/options.hpp"
#include "symbol/capture/jit_names.hpp"
#include "symbol/capture/map_watch.hpp"
#include "symbol/capture/recorded_processes.hpp"
#include "trace/writer.hpp"

namespace triptych::record {

class CodeMaps {
 public:
  // Nothing is watched when no stacks are recorded and nobody else wants it. Before the target is
  // there.
  static Result<CodeMaps> prepare(const Options& options, bool wanted_besides);

  [[nodiscard]] bool recorded() const { return watch_ && for_stacks_; }
  // From here on the mappings go to this stream.
  Result<void> start(const model::Target& target, std::uint32_t stream);

  // One drain: begin, then the kernel's own records, then write.
  void begin();
  void on_record(std::span<const std::byte> record);
  Result<void> write(trace::Writer& writer);
  // At the end of the recording, behind the last drain.
  Result<void> finish(trace::Writer& writer);

  // Recorded processes that have mapped code since, of files that nobody has been looked into for.
  std::set<model::Tid> take_mappers() { return std::exchange(mappers_, {}); }
  void note_looked_into(const LookedInto& processes);
  [[nodiscard]] const std::set<model::Tid>& processes() const { return processes_.tgids(); }

  // What is to be said of them.
  std::vector<std::string> take_news() { return names_.take_news(); }

  [[nodiscard]] std::uint64_t lost() const { return recorded() ? watch_->lost() : 0; }

 private:
  [[nodiscard]] symbol::capture::JitNames::Take names_into(trace::Writer& writer) const;
  void note_mapper(const symbol::capture::MapEvent& event);
  void add_running(std::vector<symbol::capture::MapEvent>& events) const;

  std::optional<symbol::capture::MapWatch> watch_;
  symbol::capture::RecordedProcesses processes_;
  std::set<model::Tid> fresh_;  // whose next mapping is the first one of an exec
  bool there_ = false;          // what ran before is yet to be looked at
  symbol::capture::JitNames names_;
  model::TimeNs last_ns_ = 0;  // of what is written
  std::uint32_t stream_ = 0;
  bool for_stacks_ = false;
  bool for_others_ = false;
  using Mappers = std::map<model::Tid, std::uint64_t>;  // and where
  std::set<std::string> files_;                         // that were looked into
  std::map<std::string, Mappers> waiting_;              // those that were not
  std::set<model::Tid> mappers_;
  std::uint64_t lost_seen_ = 0;
};

}  // namespace triptych::record
