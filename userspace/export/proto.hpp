// SPDX-License-Identifier: Apache-2.0
//
// Protocol buffers, as far as writing them goes: fields appended one after the other, a message
// within a message by its bytes. (developers.google.com/protocol-buffers/docs/encoding)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace triptych::exports {

class ProtoMessage {
 public:
  ProtoMessage& number(std::uint32_t field, std::uint64_t value) {
    append_varint(bytes_, std::uint64_t{field} << 3 | kVarint);
    append_varint(bytes_, value);
    return *this;
  }
  ProtoMessage& fixed(std::uint32_t field, std::uint64_t value) {
    append_varint(bytes_, std::uint64_t{field} << 3 | kFixed64);
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes_ += static_cast<char>(value >> shift & 0xff);
    }
    return *this;
  }
  // A string, which must be UTF-8, or bytes.
  ProtoMessage& text(std::uint32_t field, std::string_view value) {
    append_field(bytes_, field, value);
    return *this;
  }
  ProtoMessage& message(std::uint32_t field, const ProtoMessage& value) {
    return text(field, value.bytes_);
  }

  // As a field of a message that is written piece by piece.
  void append_to(std::string& out, std::uint32_t field) const { append_field(out, field, bytes_); }

 private:
  static constexpr std::uint32_t kVarint = 0, kFixed64 = 1, kLengthDelimited = 2;

  static void append_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
    out += static_cast<char>(value);
  }
  static void append_field(std::string& out, std::uint32_t field, std::string_view value) {
    append_varint(out, std::uint64_t{field} << 3 | kLengthDelimited);
    append_varint(out, value.size());
    out += value;
  }

  std::string bytes_;
};

}  // namespace triptych::exports
