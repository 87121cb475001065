// SPDX-License-Identifier: Apache-2.0
//
// Where code is mapped in the recorded processes, over time, so that the addresses of stacks have
// names afterwards: a stream of the trace of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "model/metadata.hpp"
#include "record/options.hpp"
#include "symbol/capture/map_watch.hpp"
#include "symbol/capture/recorded_processes.hpp"
#include "trace/writer.hpp"

namespace triptych::record {

class CodeMaps {
 public:
  // Nothing is watched when no stacks are recorded. Before the target is there.
  static Result<CodeMaps> prepare(const Options& options);

  [[nodiscard]] bool recorded() const { return watch_.has_value(); }
  // From here on the mappings go to this stream.
  void start(const model::Target& target, std::uint32_t stream);

  // One drain: begin, then the kernel's own records, then write.
  void begin();
  void on_record(std::span<const std::byte> record);
  Result<void> write(trace::Writer& writer);

  [[nodiscard]] std::uint64_t lost() const { return watch_ ? watch_->lost() : 0; }

 private:
  void add_running(std::vector<symbol::capture::MapEvent>& events) const;

  std::optional<symbol::capture::MapWatch> watch_;
  symbol::capture::RecordedProcesses processes_;
  std::set<model::Tid> fresh_;  // whose next mapping is the first one of an exec
  bool there_ = false;          // what ran before is yet to be looked at
  std::uint32_t stream_ = 0;
};

}  // namespace triptych::record
