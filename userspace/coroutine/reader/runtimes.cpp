// SPDX-License-Identifier: Apache-2.0
#include "coroutine/reader/runtimes.hpp"

#include "coroutine/discover/asyncio.hpp"
#include "coroutine/discover/boost.hpp"
#include "coroutine/discover/cpp.hpp"
#include "coroutine/discover/greenlet.hpp"
#include "coroutine/discover/tokio.hpp"
#include "coroutine/discover/trio.hpp"
#include "coroutine/discover/ucontext.hpp"

namespace triptych::coroutine::reader {

Result<discover::Discovery> discover_runtime(RuntimeId runtime, const probes::ElfFile& file) {
  switch (runtime) {
    case RuntimeId::kCpp:
      return discover::discover_cpp(file);
    case RuntimeId::kTokio:
      return discover::discover_tokio(file);
    case RuntimeId::kBoost:
      return discover::discover_boost(file);
    case RuntimeId::kUcontext:
      return discover::discover_ucontext(file);
    case RuntimeId::kAsyncio:
    case RuntimeId::kTrio:
    case RuntimeId::kGreenlet:
      break;
  }
  return fail("it is found by the interpreter");
}

Result<discover::Discovery> discover_in_module(RuntimeId runtime, const probes::ElfFile& module,
                                               const discover::Interpreter& interpreter) {
  switch (runtime) {
    case RuntimeId::kAsyncio:
      return discover::discover_asyncio(module, interpreter);
    case RuntimeId::kTrio:
      return discover::discover_trio(module, interpreter);
    case RuntimeId::kGreenlet:
      return discover::discover_greenlet(module, interpreter);
    case RuntimeId::kCpp:
    case RuntimeId::kTokio:
    case RuntimeId::kBoost:
    case RuntimeId::kUcontext:
      break;
  }
  return fail("it is in no module");
}

std::optional<probes::Place> landing_of(RuntimeId runtime, const probes::ElfFile& file,
                                        std::uint64_t address, bool may_be_dear) {
  const bool learns = runtime == RuntimeId::kCpp || runtime == RuntimeId::kTokio;
  return learns ? discover::cpp_landing(file, address, may_be_dear) : std::nullopt;
}

}  // namespace triptych::coroutine::reader
