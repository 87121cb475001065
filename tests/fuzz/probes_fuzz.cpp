// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a program that is looked into for places to probe.
#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "coroutine/probes/usdt.hpp"
#include "support/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace triptych;
  const test::MemoryFile bytes(std::as_bytes(std::span(data, size)));
  const auto file = coroutine::probes::ElfFile::open(bytes.fd());
  if (!file) return 0;
  const auto places = coroutine::probes::plan_markers(*file);
  if (!places) return 0;
  for (const auto& place : *places) TRIPTYCH_CHECK(place.offset < size);
  return 0;
}
