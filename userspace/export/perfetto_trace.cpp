// SPDX-License-Identifier: Apache-2.0
#include "export/perfetto_trace.hpp"

#include <fmt/format.h>

#include <algorithm>

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

void append_packet(std::string& out, ProtoMessage packet) {
  packet.number(kSequenceId, kOurSequence).append_to(out, kTracePacket);
}

void append_descriptor(std::string& out, const ProtoMessage& descriptor) {
  append_packet(out, ProtoMessage().message(kTrackDescriptor, descriptor));
}

void append_event(std::string& out, std::int64_t at_ns, const ProtoMessage& event) {
  const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(0, at_ns));
  append_packet(out, ProtoMessage().number(kTimestamp, time).message(kTrackEvent, event));
}

ProtoMessage clock(std::uint64_t id, std::uint64_t time_ns) {
  return ProtoMessage().number(kClockId, id).number(kClockTime, time_ns);
}

}  // namespace

SliceDetails& SliceDetails::number(std::string_view name, std::uint64_t value) {
  fields_.message(kAnnotation, ProtoMessage().text(kAnnotationName, name).number(kUint, value));
  return *this;
}

SliceDetails& SliceDetails::text(std::string_view name, std::string_view value) {
  fields_.message(kAnnotation,
                  ProtoMessage().text(kAnnotationName, name).text(kString, escape(value)));
  return *this;
}

SliceDetails& SliceDetails::address(std::string_view name, std::uint64_t value) {
  fields_.message(kAnnotation, ProtoMessage().text(kAnnotationName, name).number(kPointer, value));
  return *this;
}

SliceDetails& SliceDetails::flow(std::uint64_t id) {
  fields_.fixed(kFlow, id);
  return *this;
}

SliceDetails& SliceDetails::last_of_flow(std::uint64_t id) {
  fields_.fixed(kLastOfFlow, id);
  return *this;
}

void PerfettoTrace::begin(std::string& out, std::uint64_t realtime_ns, std::uint64_t monotonic_ns) {
  const ProtoMessage snapshot = ProtoMessage()
                                    .message(kClocks, clock(kBoottime, 0))
                                    .message(kClocks, clock(kRealtime, realtime_ns))
                                    .message(kClocks, clock(kMonotonic, monotonic_ns))
                                    .number(kPrimaryClock, kBoottime);
  append_packet(out, ProtoMessage()
                         .number(kSequenceFlags, kStateCleared)
                         .number(kTimestamp, 0)
                         .message(kClockSnapshot, snapshot));
}

void PerfettoTrace::process(std::string& out, TrackId id, model::Tid tgid, std::string_view name) {
  const ProtoMessage about = ProtoMessage()
                                 .number(kProcessTgid, static_cast<std::uint64_t>(tgid))
                                 .text(kProcessName, escape(name));
  append_descriptor(out, ProtoMessage().number(kUuid, id).message(kProcess, about));
}

void PerfettoTrace::thread(std::string& out, TrackId id, model::Tid tgid, model::Tid tid,
                           std::string_view name) {
  const ProtoMessage about = ProtoMessage()
                                 .number(kThreadTgid, static_cast<std::uint64_t>(tgid))
                                 .number(kThreadTid, static_cast<std::uint64_t>(tid))
                                 .text(kThreadName, escape(name));
  append_descriptor(out, ProtoMessage().number(kUuid, id).message(kThread, about));
}

void PerfettoTrace::track(std::string& out, TrackId id, TrackId parent, std::string_view name) {
  ProtoMessage descriptor = ProtoMessage().number(kUuid, id).text(kTrackName, name);
  if (parent != 0) descriptor.number(kParent, parent);
  append_descriptor(out, descriptor.number(kMerge, kMergeNone));
}

void PerfettoTrace::counter_track(std::string& out, TrackId id, TrackId parent,
                                  std::string_view name) {
  append_descriptor(out, ProtoMessage()
                             .number(kUuid, id)
                             .text(kTrackName, name)
                             .number(kParent, parent)
                             .message(kCounter, ProtoMessage()));
}

void PerfettoTrace::slice(std::string& out, TrackId track, std::int64_t begin_ns,
                          std::int64_t end_ns, std::string_view name, const SliceDetails& details) {
  ProtoMessage begin = details.fields_;
  begin.number(kType, kBegin).number(kTrackUuid, track).text(kEventName, escape(name));
  append_event(out, begin_ns, begin);
  append_event(out, end_ns, ProtoMessage().number(kType, kEnd).number(kTrackUuid, track));
}

void PerfettoTrace::instant(std::string& out, TrackId track, std::int64_t at_ns,
                            std::string_view name, const SliceDetails& details) {
  ProtoMessage event = details.fields_;
  event.number(kType, kInstant).number(kTrackUuid, track).text(kEventName, escape(name));
  append_event(out, at_ns, event);
}

void PerfettoTrace::counter(std::string& out, TrackId track, std::int64_t at_ns,
                            std::uint64_t value) {
  append_event(
      out, at_ns,
      ProtoMessage().number(kType, kCount).number(kTrackUuid, track).number(kCounterValue, value));
}

}  // namespace triptych::exports
