// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "decode/decode.hpp"

namespace triptych::decode {

template <std::size_t N>
void read_name(model::FixedString<N>& name, const char (&bytes)[N]) {
  // Bytes behind the NUL are not part of the name, whoever left them there.
  name.assign(std::string_view(bytes, ::strnlen(bytes, N)));
}

// A record of kind Raw; `read` says whether its values make sense.
template <class Raw, class Payload>
Status decode_as(std::span<const std::byte> record, model::Event& event,
                 bool (*read)(const Raw& raw, Payload& out)) {
  if (record.size() < sizeof(Raw)) return Status::kMalformed;
  Raw raw;
  std::memcpy(&raw, record.data(), sizeof raw);
  event.ts_ns = raw.hdr.ts_ns;
  event.task = model::TaskId{raw.hdr.task};
  event.cpu = raw.hdr.cpu;
  return read(raw, event.payload.emplace<Payload>()) ? Status::kOk : Status::kMalformed;
}

}  // namespace triptych::decode
