// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "base/check.hpp"
#include "base/text.hpp"
#include "export/perfetto_packet.hpp"

namespace triptych::exports {
namespace {

// Of TracePacket, and of InternedData.
constexpr std::uint32_t kClockSnapshot = 6, kTrackEvent = 11, kDefaults = 59, kDescriptor = 60;
constexpr std::uint32_t kPerfSample = 66, kAnnotationNames = 3;

// Of ClockSnapshot, and of its clocks.
constexpr std::uint32_t kClocks = 1, kPrimaryClock = 2, kClockId = 1, kClockTime = 2;
constexpr std::uint64_t kRealtime = 1, kMonotonic = 3, kBoottime = 6;

// Of TrackDescriptor, ProcessDescriptor and ThreadDescriptor.
constexpr std::uint32_t kUuid = 1, kTrackName = 2, kProcess = 3, kThread = 4, kParent = 5;
constexpr std::uint32_t kCounter = 8, kMerge = 15;
constexpr std::uint64_t kMergeNone = 2;
constexpr std::uint32_t kProcessTgid = 1, kProcessName = 6;
constexpr std::uint32_t kThreadTgid = 1, kThreadTid = 2, kThreadName = 5;

// Of TrackEvent, and of its annotations.
constexpr std::uint32_t kAnnotation = 4, kType = 9, kEventName = 10, kTrackUuid = 11;
constexpr std::uint32_t kCounterValue = 30, kFlow = 47, kLastOfFlow = 48, kCallstack = 56;
constexpr std::uint64_t kSliceBegin = 1, kSliceEnd = 2, kInstant = 3, kCount = 4;
constexpr std::uint32_t kAnnotationName = 1, kUint = 3, kPointer = 7, kStringNumber = 17;

// Of PerfSample, and of what holds for all of them.
constexpr std::uint32_t kSampleCpu = 1, kSampleTgid = 2, kSampleTid = 3, kSampleStack = 4;
constexpr std::uint32_t kSampleMode = 5, kSampleCount = 6;
constexpr std::uint64_t kKernelMode = 1, kUserMode = 2;
constexpr std::uint32_t kSampleDefaults = 12, kTimebase = 1;
constexpr std::uint32_t kPeriod = 1, kEvent = 4, kTimebaseName = 10;
constexpr std::uint64_t kCpuClock = 1;

// By Detail.
constexpr std::string_view kDetailNames[] = {"",      "cpu",       "tid",    "task",    "why",
                                             "by",    "by tid",    "cause",  "address", "pages",
                                             "class", "coroutine", "records"};
constexpr std::size_t kMostNames = 60'000;
constexpr std::uint64_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2;  // wire types

constexpr std::size_t size_of(std::uint64_t varint) {
  std::size_t size = 1;
  for (; varint >= 0x80; varint >>= 7) ++size;
  return size;
}

// Writes where there is room enough. Most of an export are events, by millions: their sizes are
// known beforehand, and nothing is moved.
class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) *at_++ = static_cast<char>(value | 0x80);
    *at_++ = static_cast<char>(value);
  }
  void field(std::uint32_t number, std::uint64_t wire_type) { varint(number << 3 | wire_type); }
  void number(std::uint32_t field_number, std::uint64_t value) {
    field(field_number, kVarint);
    varint(value);
  }
  void bytes(const char* from, std::size_t size) { at_ = std::copy_n(from, size, at_); }

 private:
  char* at_;
};

struct TrackEvent {
  std::int64_t at_ns;
  TrackId track;
  std::uint64_t type;
  std::uint64_t name;  // 0: none
  std::string_view details;
};

void append_track_event(std::string& out, const TrackEvent& event) {
  const auto at_ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, event.at_ns));
  const bool refers = event.name != 0 || !event.details.empty();
  const std::size_t event_size = event.details.size() + 2 + 1 + size_of(event.track) +
                                 (event.name != 0 ? 1 + size_of(event.name) : 0);
  const std::size_t packet_size =
      1 + size_of(at_ns) + 2 + (refers ? 2 : 0) + 1 + size_of(event_size) + event_size;
  const std::size_t begin = out.size();
  out.resize(begin + 1 + size_of(packet_size) + packet_size);
  Cursor to(out.data() + begin);
  to.field(kTracePacket, kLengthDelimited);
  to.varint(packet_size);
  to.number(kTimestamp, at_ns);
  to.number(kSequenceId, kOurSequence);
  if (refers) to.number(kSequenceFlags, kNeedsState);
  to.field(kTrackEvent, kLengthDelimited);
  to.varint(event_size);
  to.bytes(event.details.data(), event.details.size());
  to.number(kType, event.type);
  to.number(kTrackUuid, event.track);
  if (event.name != 0) to.number(kEventName, event.name);
}

void add_clock(Message& snapshot, std::uint64_t id, std::uint64_t time_ns) {
  Message clock(snapshot, kClocks);
  clock.add_uint64(kClockId, id);
  clock.add_uint64(kClockTime, time_ns);
}

}  // namespace

void SliceDetails::byte(std::uint64_t value) {
  TRIPTYCH_CHECK(size_ < kRoom);
  fields_[size_++] = static_cast<char>(value);
}

void SliceDetails::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) byte(value | 0x80);
  byte(value);
}

void SliceDetails::annotation(Detail name, std::uint32_t field, std::uint64_t value) {
  const std::uint64_t tag = field << 3 | kVarint;
  varint(kAnnotation << 3 | kLengthDelimited);
  byte(2 + size_of(tag) + size_of(value));
  byte(kAnnotationName << 3 | kVarint);
  byte(static_cast<std::uint64_t>(name));
  varint(tag);
  varint(value);
}

void SliceDetails::fixed64(std::uint32_t field, std::uint64_t value) {
  varint(field << 3 | kFixed64);
  for (int i = 0; i < 8; ++i) byte(value >> 8 * i & 0xff);
}

SliceDetails& SliceDetails::number(Detail name, std::uint64_t value) {
  annotation(name, kUint, value);
  return *this;
}

SliceDetails& SliceDetails::text(Detail name, std::uint64_t text) {
  annotation(name, kStringNumber, text);
  return *this;
}

SliceDetails& SliceDetails::address(Detail name, std::uint64_t value) {
  annotation(name, kPointer, value);
  return *this;
}

SliceDetails& SliceDetails::flow(std::uint64_t id) {
  fixed64(kFlow, id);
  return *this;
}

SliceDetails& SliceDetails::last_of_flow(std::uint64_t id) {
  fixed64(kLastOfFlow, id);
  return *this;
}

SliceDetails& SliceDetails::stack(std::uint64_t number) {
  if (number == 0) return *this;
  varint(kCallstack << 3 | kVarint);
  varint(number);
  return *this;
}

void PerfettoTrace::begin(std::string& out, std::uint64_t realtime_ns, std::uint64_t monotonic_ns) {
  {
    Packet packet(out);
    (*packet).add_uint64(kSequenceFlags, kStateCleared);
    (*packet).add_uint64(kTimestamp, 0);
    Message snapshot(*packet, kClockSnapshot);
    add_clock(snapshot, kBoottime, 0);
    add_clock(snapshot, kRealtime, realtime_ns);
    add_clock(snapshot, kMonotonic, monotonic_ns);
    snapshot.add_uint64(kPrimaryClock, kBoottime);
  }
  tell_details(out);
}

void PerfettoTrace::tell_details(std::string& out) {
  Packet packet(out);
  (*packet).add_uint64(kSequenceFlags, kNeedsState);
  Message data(*packet, kInternedData);
  for (std::size_t i = 1; i < std::size(kDetailNames); ++i) {
    Message name(data, kAnnotationNames);
    name.add_uint64(kNumber, i);
    add_text(name, kText, kDetailNames[i]);
  }
}

std::uint64_t PerfettoTrace::number_of(std::string& out, Names& names, std::string_view text) {
  const auto found = names.numbers.find(text);
  if (found != names.numbers.end()) return found->second;
  const std::uint64_t number = names.numbers.size() + 1;
  names.numbers.emplace(text, number);
  Packet packet(out);
  (*packet).add_uint64(kSequenceFlags, kNeedsState);
  Message data(*packet, kInternedData);
  Message name(data, names.field);
  name.add_uint64(kNumber, number);
  add_text(name, kText, escape(text));
  return number;
}

void PerfettoTrace::forget_many(std::string& out) {
  if (names_.numbers.size() < kMostNames && texts_.numbers.size() < kMostNames &&
      stacks_.told() < kMostNames) {
    return;
  }
  names_.numbers.clear();
  texts_.numbers.clear();
  stacks_.forget();
  timebase_told_ = false;
  {
    Packet packet(out);
    (*packet).add_uint64(kSequenceFlags, kStateCleared);
  }
  tell_details(out);
}

void PerfettoTrace::process(std::string& out, TrackId id, model::Tid tgid, std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kDescriptor);
  descriptor.add_uint64(kUuid, id);
  Message about(descriptor, kProcess);
  about.add_uint64(kProcessTgid, static_cast<std::uint64_t>(tgid));
  add_text(about, kProcessName, escape(name));
}

void PerfettoTrace::thread(std::string& out, TrackId id, model::Tid tgid, model::Tid tid,
                           std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kDescriptor);
  descriptor.add_uint64(kUuid, id);
  Message about(descriptor, kThread);
  about.add_uint64(kThreadTgid, static_cast<std::uint64_t>(tgid));
  about.add_uint64(kThreadTid, static_cast<std::uint64_t>(tid));
  add_text(about, kThreadName, escape(name));
}

void PerfettoTrace::track(std::string& out, TrackId id, TrackId parent, std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kDescriptor);
  descriptor.add_uint64(kUuid, id);
  add_text(descriptor, kTrackName, name);
  if (parent != 0) descriptor.add_uint64(kParent, parent);
  descriptor.add_uint64(kMerge, kMergeNone);
}

void PerfettoTrace::counter_track(std::string& out, TrackId id, TrackId parent,
                                  std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kDescriptor);
  descriptor.add_uint64(kUuid, id);
  add_text(descriptor, kTrackName, name);
  descriptor.add_uint64(kParent, parent);
  descriptor.add_message(kCounter, "", 0);
}

void PerfettoTrace::slice(std::string& out, TrackId track, std::int64_t begin_ns,
                          std::int64_t end_ns, std::string_view name, const SliceDetails& details) {
  const std::uint64_t number = number_of(out, names_, name);
  append_track_event(
      out, {begin_ns, track, kSliceBegin, number, {details.fields_.data(), details.size_}});
  append_track_event(out, {end_ns, track, kSliceEnd, 0, {}});
}

void PerfettoTrace::instant(std::string& out, TrackId track, std::int64_t at_ns,
                            std::string_view name, const SliceDetails& details) {
  const std::uint64_t number = number_of(out, names_, name);
  append_track_event(out,
                     {at_ns, track, kInstant, number, {details.fields_.data(), details.size_}});
}

void PerfettoTrace::counter(std::string& out, TrackId track, std::int64_t at_ns,
                            std::uint64_t value) {
  std::array<char, 16> count{};
  Cursor(count.data()).number(kCounterValue, value);
  append_track_event(out, {at_ns, track, kCount, 0, {count.data(), 2 + size_of(value)}});
}

void PerfettoTrace::tell_timebase(std::string& out, std::uint64_t period_ns) {
  if (timebase_told_) return;
  timebase_told_ = true;
  Packet packet(out);
  (*packet).add_uint64(kSequenceFlags, kNeedsState);
  Message defaults(*packet, kDefaults);
  Message samples(defaults, kSampleDefaults);
  Message timebase(samples, kTimebase);
  timebase.add_uint64(kPeriod, period_ns);
  timebase.add_uint64(kEvent, kCpuClock);
  add_text(timebase, kTimebaseName, "on-CPU samples");
}

void PerfettoTrace::sample(std::string& out, const CpuSample& sample) {
  const std::uint64_t stack = stacks_.number_of(out, sample.stacks);
  tell_timebase(out, sample.period_ns);
  Packet packet(out);
  (*packet).add_uint64(kTimestamp,
                       static_cast<std::uint64_t>(std::max<std::int64_t>(0, sample.at_ns)));
  (*packet).add_uint64(kSequenceFlags, kNeedsState);
  Message message(*packet, kPerfSample);
  message.add_uint64(kSampleCpu, sample.cpu);
  message.add_uint64(kSampleTgid, static_cast<std::uint64_t>(sample.tgid));
  message.add_uint64(kSampleTid, static_cast<std::uint64_t>(sample.tid));
  if (stack != 0) message.add_uint64(kSampleStack, stack);
  message.add_uint64(kSampleMode, sample.in_kernel ? kKernelMode : kUserMode);
  message.add_uint64(kSampleCount, sample.sampled_ns);
}

}  // namespace triptych::exports
