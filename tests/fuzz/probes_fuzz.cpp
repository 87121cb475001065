// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a program that is looked into for places to probe.
#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "coroutine/discover/cpp.hpp"
#include "coroutine/probes/usdt.hpp"
#include "support/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace triptych;
  const test::MemoryFile bytes(std::as_bytes(std::span(data, size)));
  const auto file = coroutine::probes::ElfFile::open(bytes.fd());
  if (!file) return 0;
  if (const auto places = coroutine::probes::plan_markers(*file)) {
    for (const auto& place : *places) TRIPTYCH_CHECK(place.offset < size);
  }
  if (const auto found = coroutine::discover::discover_cpp(*file)) {
    for (const auto& place : found->places) TRIPTYCH_CHECK(place.offset < size);
  }
  return 0;
}
