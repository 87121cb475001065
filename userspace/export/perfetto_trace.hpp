// SPDX-License-Identifier: Apache-2.0
//
// The packets of a Perfetto trace that we write: tracks, slices, instants, counters and samples
// (perfetto.dev, protos/perfetto/trace). Which tracks there are is the writer's business. A name is
// told once, and is a number from then on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "export/perfetto_stacks.hpp"
#include "model/ids.hpp"

namespace triptych::exports {

using TrackId = std::uint64_t;  // never 0, which is Perfetto's own

// What a slice can say besides its name.
enum class Detail : std::uint8_t {
  kCpu = 1,
  kTid,
  kTask,
  kWhy,
  kBy,
  kByTid,
  kCause,
  kAddress,
  kPages,
  kClass,
  kCoroutine,
  kRecords,
};

class SliceDetails {
 public:
  SliceDetails& number(Detail name, std::uint64_t value);
  SliceDetails& text(Detail name, std::uint64_t text);  // by PerfettoTrace::text
  SliceDetails& address(Detail name, std::uint64_t value);
  // The arrow goes on to the next slice with this number.
  SliceDetails& flow(std::uint64_t id);
  SliceDetails& last_of_flow(std::uint64_t id);
  SliceDetails& stack(std::uint64_t number);  // by PerfettoTrace::stack

 private:
  friend class PerfettoTrace;
  void annotation(Detail name, std::uint32_t field, std::uint64_t value);
  void byte(std::uint64_t value);
  void varint(std::uint64_t value);
  void fixed64(std::uint32_t field, std::uint64_t value);

  static constexpr std::size_t kRoom = 160;  // for more than any slice says
  std::array<char, kRoom> fields_;           // of a TrackEvent
  std::size_t size_ = 0;
};

// A task was found running.
struct CpuSample {
  std::int64_t at_ns = 0;
  std::uint32_t cpu = 0;
  model::Tid tgid = 0, tid = 0;
  analyze::Stacks stacks;
  bool in_kernel = false;
  std::uint64_t period_ns = 0;
  std::uint64_t sampled_ns = 0;  // on this CPU so far, by the periods
};

// Times are of the trace's own clock, which begins with the recording; what began before it is
// shown from there on.
class PerfettoTrace {
 public:
  // Null: stacks and samples are left out.
  explicit PerfettoTrace(StackNames* names) : stacks_(names) {}

  // The first packet; `realtime_ns` is the beginning by CLOCK_REALTIME.
  void begin(std::string& out, std::uint64_t realtime_ns, std::uint64_t monotonic_ns);

  static void process(std::string& out, TrackId id, model::Tid tgid, std::string_view name);
  static void thread(std::string& out, TrackId id, model::Tid tgid, model::Tid tid,
                     std::string_view name);
  // A track of its own, below another one, or, when `parent` is 0, on the top level.
  static void track(std::string& out, TrackId id, TrackId parent, std::string_view name);
  static void counter_track(std::string& out, TrackId id, TrackId parent, std::string_view name);

  void slice(std::string& out, TrackId track, std::int64_t begin_ns, std::int64_t end_ns,
             std::string_view name, const SliceDetails& details);
  void instant(std::string& out, TrackId track, std::int64_t at_ns, std::string_view name,
               const SliceDetails& details);
  void counter(std::string& out, TrackId track, std::int64_t at_ns, std::uint64_t value);

  void sample(std::string& out, const CpuSample& sample);
  [[nodiscard]] bool shows_stacks() const { return stacks_.wanted(); }

  // The number of a stack for details, as that of a text.
  std::uint64_t stack(std::string& out, const analyze::Stacks& stacks) {
    return stacks_.number_of(out, stacks);
  }
  // The number of a text for details. It holds until forget_many.
  std::uint64_t text(std::string& out, std::string_view text) {
    return number_of(out, texts_, text);
  }
  // Where so many names have been told that they would fill the reader's memory and ours, all of
  // them are forgotten.
  void forget_many(std::string& out);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Names {
    std::uint32_t field = 0;  // of InternedData
    std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> numbers{};
  };
  static void tell_details(std::string& out);
  static std::uint64_t number_of(std::string& out, Names& names, std::string_view text);
  void tell_timebase(std::string& out, std::uint64_t period_ns);

  Names names_{2}, texts_{29};
  PerfettoStacks stacks_;
  bool timebase_told_ = false;
};

}  // namespace triptych::exports
