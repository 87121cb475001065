// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>

#include "base/text.hpp"

namespace triptych::exports {
namespace {

constexpr std::uint32_t kTracePacket = 1;  // of Trace

// Of TracePacket.
constexpr std::uint32_t kClockSnapshot = 6, kTimestamp = 8, kSequenceId = 10, kTrackEvent = 11;
constexpr std::uint32_t kSequenceFlags = 13, kTrackDescriptor = 60;
constexpr std::uint64_t kOurSequence = 1, kStateCleared = 1;

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
constexpr std::uint32_t kAnnotation = 4, kType = 9, kTrackUuid = 11, kEventName = 23;
constexpr std::uint32_t kCounterValue = 30, kFlow = 47, kLastOfFlow = 48;
constexpr std::uint64_t kBegin = 1, kEnd = 2, kInstant = 3, kCount = 4;
constexpr std::uint32_t kUint = 3, kString = 6, kPointer = 7, kAnnotationName = 10;

using Message = protozero::pbf_writer;

// A packet of the trace, written when it goes out of scope: what is appended to `out` until then,
// by its messages or as it is, is part of it.
class Packet {
 public:
  explicit Packet(std::string& out) : trace_(out), message_(trace_, kTracePacket) {
    message_.add_uint64(kSequenceId, kOurSequence);
  }
  Message& operator*() { return message_; }

 private:
  Message trace_, message_;
};

void add_text(Message& message, std::uint32_t field, std::string_view text) {
  message.add_string(field, text.data(), text.size());
}

void append_event(std::string& out, std::int64_t at_ns, TrackId track, std::uint64_t type,
                  std::string_view name, const std::string& details) {
  Packet packet(out);
  (*packet).add_uint64(kTimestamp, static_cast<std::uint64_t>(std::max<std::int64_t>(0, at_ns)));
  Message event(*packet, kTrackEvent);
  out += details;
  event.add_uint64(kType, type);
  event.add_uint64(kTrackUuid, track);
  if (!name.empty()) add_text(event, kEventName, escape(name));
}

void add_clock(Message& snapshot, std::uint64_t id, std::uint64_t time_ns) {
  Message clock(snapshot, kClocks);
  clock.add_uint64(kClockId, id);
  clock.add_uint64(kClockTime, time_ns);
}

}  // namespace

SliceDetails& SliceDetails::number(std::string_view name, std::uint64_t value) {
  Message event(fields_);
  Message annotation(event, kAnnotation);
  add_text(annotation, kAnnotationName, name);
  annotation.add_uint64(kUint, value);
  return *this;
}

SliceDetails& SliceDetails::text(std::string_view name, std::string_view value) {
  Message event(fields_);
  Message annotation(event, kAnnotation);
  add_text(annotation, kAnnotationName, name);
  add_text(annotation, kString, escape(value));
  return *this;
}

SliceDetails& SliceDetails::address(std::string_view name, std::uint64_t value) {
  Message event(fields_);
  Message annotation(event, kAnnotation);
  add_text(annotation, kAnnotationName, name);
  annotation.add_uint64(kPointer, value);
  return *this;
}

SliceDetails& SliceDetails::flow(std::uint64_t id) {
  Message(fields_).add_fixed64(kFlow, id);
  return *this;
}

SliceDetails& SliceDetails::last_of_flow(std::uint64_t id) {
  Message(fields_).add_fixed64(kLastOfFlow, id);
  return *this;
}

void PerfettoTrace::begin(std::string& out, std::uint64_t realtime_ns, std::uint64_t monotonic_ns) {
  Packet packet(out);
  (*packet).add_uint64(kSequenceFlags, kStateCleared);
  (*packet).add_uint64(kTimestamp, 0);
  Message snapshot(*packet, kClockSnapshot);
  add_clock(snapshot, kBoottime, 0);
  add_clock(snapshot, kRealtime, realtime_ns);
  add_clock(snapshot, kMonotonic, monotonic_ns);
  snapshot.add_uint64(kPrimaryClock, kBoottime);
}

void PerfettoTrace::process(std::string& out, TrackId id, model::Tid tgid, std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kTrackDescriptor);
  descriptor.add_uint64(kUuid, id);
  Message about(descriptor, kProcess);
  about.add_uint64(kProcessTgid, static_cast<std::uint64_t>(tgid));
  add_text(about, kProcessName, escape(name));
}

void PerfettoTrace::thread(std::string& out, TrackId id, model::Tid tgid, model::Tid tid,
                           std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kTrackDescriptor);
  descriptor.add_uint64(kUuid, id);
  Message about(descriptor, kThread);
  about.add_uint64(kThreadTgid, static_cast<std::uint64_t>(tgid));
  about.add_uint64(kThreadTid, static_cast<std::uint64_t>(tid));
  add_text(about, kThreadName, escape(name));
}

void PerfettoTrace::track(std::string& out, TrackId id, TrackId parent, std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kTrackDescriptor);
  descriptor.add_uint64(kUuid, id);
  add_text(descriptor, kTrackName, name);
  if (parent != 0) descriptor.add_uint64(kParent, parent);
  descriptor.add_uint64(kMerge, kMergeNone);
}

void PerfettoTrace::counter_track(std::string& out, TrackId id, TrackId parent,
                                  std::string_view name) {
  Packet packet(out);
  Message descriptor(*packet, kTrackDescriptor);
  descriptor.add_uint64(kUuid, id);
  add_text(descriptor, kTrackName, name);
  descriptor.add_uint64(kParent, parent);
  descriptor.add_message(kCounter, "", 0);
}

void PerfettoTrace::slice(std::string& out, TrackId track, std::int64_t begin_ns,
                          std::int64_t end_ns, std::string_view name, const SliceDetails& details) {
  append_event(out, begin_ns, track, kBegin, name, details.fields_);
  append_event(out, end_ns, track, kEnd, {}, {});
}

void PerfettoTrace::instant(std::string& out, TrackId track, std::int64_t at_ns,
                            std::string_view name, const SliceDetails& details) {
  append_event(out, at_ns, track, kInstant, name, details.fields_);
}

void PerfettoTrace::counter(std::string& out, TrackId track, std::int64_t at_ns,
                            std::uint64_t value) {
  std::string count;
  Message(count).add_uint64(kCounterValue, value);
  append_event(out, at_ns, track, kCount, {}, count);
}

}  // namespace triptych::exports
