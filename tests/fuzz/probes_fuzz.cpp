// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a program that is looked into for places to probe.
#include <cstdint>
#include <span>

#include "base/check.hpp"
#include "coroutine/discover/asyncio.hpp"
#include "coroutine/discover/boost.hpp"
#include "coroutine/discover/cpp.hpp"
#include "coroutine/discover/greenlet.hpp"
#include "coroutine/discover/tokio.hpp"
#include "coroutine/discover/trio.hpp"
#include "coroutine/discover/ucontext.hpp"
#include "coroutine/probes/usdt.hpp"
#include "support/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace triptych;
  (void)coroutine::probes::parse_marker_table({reinterpret_cast<const char*>(data), size});
  const test::MemoryFile bytes(std::as_bytes(std::span(data, size)));
  const auto file = coroutine::probes::ElfFile::open(bytes.fd());
  if (!file) return 0;
  const auto expect_inside = [size](const auto& places) {
    for (const auto& place : places) TRIPTYCH_CHECK(place.offset < size);
  };
  if (const auto places = coroutine::probes::plan_markers(*file)) expect_inside(*places);
  using namespace coroutine::discover;
  if (const auto found = discover_cpp(*file)) expect_inside(found->places);
  if (const auto found = discover_boost(*file)) expect_inside(found->places);
  if (const auto found = discover_tokio(*file)) expect_inside(found->places);
  if (const auto found = discover_ucontext(*file)) expect_inside(found->places);
  const auto interpreter = read_interpreter(*file);
  const Interpreter of_module =
      interpreter && *interpreter ? **interpreter : Interpreter{3, size % 2 == 0 ? 11 : 12, {}};
  if (const auto plan = discover_asyncio(*file, of_module)) expect_inside(plan->places);
  if (const auto plan = discover_greenlet(*file, of_module)) expect_inside(plan->places);
  if (const auto plan = discover_trio(*file, of_module)) expect_inside(plan->places);
  return 0;
}
