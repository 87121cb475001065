// SPDX-License-Identifier: Apache-2.0
//
// The packets of a Perfetto trace that we write: tracks, slices, instants and counters
// (perfetto.dev, protos/perfetto/trace). Which tracks there are is the writer's business.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.hpp"

namespace triptych::exports {

using TrackId = std::uint64_t;

// What a slice says besides its name.
class SliceDetails {
 public:
  SliceDetails& number(std::string_view name, std::uint64_t value);
  SliceDetails& text(std::string_view name, std::string_view value);
  SliceDetails& address(std::string_view name, std::uint64_t value);
  // The arrow goes on to the next slice with this number.
  SliceDetails& flow(std::uint64_t id);
  SliceDetails& last_of_flow(std::uint64_t id);

 private:
  friend class PerfettoTrace;
  std::string fields_;  // of a TrackEvent
};

// Times are of the trace's own clock, which begins with the recording; what began before it is
// shown from there on.
class PerfettoTrace {
 public:
  // The first packet; `realtime_ns` is the beginning by CLOCK_REALTIME.
  static void begin(std::string& out, std::uint64_t realtime_ns, std::uint64_t monotonic_ns);

  static void process(std::string& out, TrackId id, model::Tid tgid, std::string_view name);
  static void thread(std::string& out, TrackId id, model::Tid tgid, model::Tid tid,
                     std::string_view name);
  // A track of its own, below another one, or, when `parent` is 0, on the top level.
  static void track(std::string& out, TrackId id, TrackId parent, std::string_view name);
  static void counter_track(std::string& out, TrackId id, TrackId parent, std::string_view name);

  static void slice(std::string& out, TrackId track, std::int64_t begin_ns, std::int64_t end_ns,
                    std::string_view name, const SliceDetails& details);
  static void instant(std::string& out, TrackId track, std::int64_t at_ns, std::string_view name,
                      const SliceDetails& details);
  static void counter(std::string& out, TrackId track, std::int64_t at_ns, std::uint64_t value);
};

}  // namespace triptych::exports
