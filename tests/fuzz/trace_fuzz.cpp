// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a trace file, through the reader to its end: once as they are, and once with every
// checksum put right, since no mutation would find one.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "base/check.hpp"
#include "support/memory_file.hpp"
#include "trace/format.hpp"
#include "trace/open_source.hpp"

namespace {

using namespace triptych;

void read_to_the_end(std::span<const std::byte> bytes) {
  const test::MemoryFile file(bytes);
  UniqueFd fd = file.fd();
  ::lseek(fd.get(), 0, SEEK_SET);
  auto source = trace::open_source_fd(std::move(fd), "fuzz");
  if (!source) return;
  model::Event event;
  std::uint64_t last_ns = 0;
  while ((*source)->next(event)) {
    TRIPTYCH_CHECK(event.ts_ns >= last_ns);
    last_ns = event.ts_ns;
  }
  TRIPTYCH_CHECK(!(*source)->next(event));
}

template <class Header>
void put_crc(std::vector<std::byte>& bytes, std::size_t at) {
  Header header;
  std::memcpy(&header, bytes.data() + at, sizeof header);
  header.crc = trace::crc_of(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, crc)));
  std::memcpy(bytes.data() + at, &header, sizeof header);
}

void repair(std::vector<std::byte>& bytes) {
  if (bytes.size() < sizeof(trace::FileHeader)) return;
  put_crc<trace::FileHeader>(bytes, 0);
  const auto* magic = reinterpret_cast<const std::byte*>(trace::kChunkMagic);
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), magic, magic + sizeof trace::kChunkMagic);
    const auto offset = static_cast<std::size_t>(at - bytes.begin());
    trace::ChunkHeader header;
    if (bytes.size() - offset < sizeof header) return;
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    const std::span payload = std::span(bytes).subspan(offset + sizeof header);
    header.payload_crc =
        trace::crc_of(payload.first(std::min<std::size_t>(header.stored_bytes, payload.size())));
    std::memcpy(bytes.data() + offset, &header, sizeof header);
    put_crc<trace::ChunkHeader>(bytes, offset);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  read_to_the_end(bytes);
  repair(bytes);
  read_to_the_end(bytes);
  return 0;
}
