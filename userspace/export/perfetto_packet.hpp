// SPDX-License-Identifier: Apache-2.0
//
// What all packets of a Perfetto trace have in common (perfetto.dev, protos/perfetto/trace).
#pragma once

#include <cstdint>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <string_view>

namespace triptych::exports {

inline constexpr std::uint32_t kTracePacket = 1;  // of Trace

// Of TracePacket.
inline constexpr std::uint32_t kTimestamp = 8, kSequenceId = 10, kInternedData = 12;
inline constexpr std::uint32_t kSequenceFlags = 13;
inline constexpr std::uint64_t kOurSequence = 1, kStateCleared = 1, kNeedsState = 2;

// Of whatever InternedData tells.
inline constexpr std::uint32_t kNumber = 1, kText = 2;

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

inline void add_text(Message& message, std::uint32_t field, std::string_view text) {
  message.add_string(field, text.data(), text.size());
}

}  // namespace triptych::exports
