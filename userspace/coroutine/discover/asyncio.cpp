// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/asyncio.hpp"

#include <asm/ptrace.h>
#include <fmt/core.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "coroutine/discover/function_ranges.hpp"
#include "coroutine/discover/module_places.hpp"

namespace triptych::coroutine::discover {
namespace {

tl::unexpected<Error> no_asyncio(std::string_view why) {
  return fail(fmt::format("its asyncio is built in a way that is not known: {}", why));
}

std::vector<std::uint64_t> calls_of_import(const CodeSearch& code, const DynamicSymbols& symbols,
                                           std::string_view name) {
  std::vector<std::uint64_t> found;
  const auto add = [&](const std::vector<std::uint64_t>& more) {
    found.insert(found.end(), more.begin(), more.end());
  };
  for (const std::uint64_t slot : symbols.import_slots(name)) {
    add(code.calls_through(slot));
    for (const std::uint64_t stub : code.stubs(slot)) add(code.calls(stub));
  }
  return found;
}

Result<probes::Place> step_place(const probes::ElfFile& file, std::uint64_t address,
                                 std::uint8_t what) {
  const auto place = place_at(file, address, what, TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO);
  if (!place) return no_asyncio("its code is not where it says");
  return *place;
}

// Each step of a task goes through one function, task_step_impl: it throws into the coroutine, or
// sends to it by the module's only call of PyIter_Send.
Result<FunctionRange> find_step(const probes::ElfFile& file, const CodeSearch& code,
                                const DynamicSymbols& symbols) {
  const std::vector<std::uint64_t> sends = calls_of_import(code, symbols, "PyIter_Send");
  if (sends.size() != 1) {
    return no_asyncio(fmt::format("{} calls of PyIter_Send instead of one", sends.size()));
  }
  TRIPTYCH_TRY_ASSIGN(const FunctionRanges ranges, FunctionRanges::read(file));
  const auto range = ranges.around(sends.front());
  if (!range) return no_asyncio("no function is around its call of PyIter_Send");
  return *range;
}

}  // namespace

Result<Discovery> discover_asyncio(const probes::ElfFile& module, const Interpreter& interpreter) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(module));
  if (symbols.defined("_PyRuntime") != nullptr) return no_asyncio("it is part of the interpreter");
  Discovery plan;
  plan.python = layout_for(symbols, interpreter);
  if (!plan.python) return no_asyncio("it does without None");

  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(module));
  TRIPTYCH_TRY_ASSIGN(const FunctionRange step, find_step(module, code, symbols));
  const auto entry = cheap_entry(code, step.begin);
  if (!entry) return no_asyncio("its step has no cheap place at its entry");
  TRIPTYCH_TRY_ASSIGN(probes::Place mount, step_place(module, *entry, TRIPTYCH_COROUTINE_RESUMED));
  // Since 3.12 the module's state comes before the task.
  mount.site.id =
      in_register(interpreter.minor >= 12 ? offsetof(pt_regs, rsi) : offsetof(pt_regs, rdi));
  plan.places.push_back(mount);

  constexpr std::uint64_t kCallSize = 5;
  const std::vector<std::uint64_t> calls = code.calls(step.begin);
  if (calls.empty()) return no_asyncio("nobody calls its step");
  if (!code.jumps(step.begin).empty()) return no_asyncio("a function ends with its step");
  for (const std::uint64_t call : calls) {
    const auto back = cheap_place(code, call + kCallSize);
    if (!back) return no_asyncio("no cheap place behind its step");
    TRIPTYCH_TRY_ASSIGN(const probes::Place place,
                        step_place(module, *back, TRIPTYCH_COROUTINE_SUSPENDED));
    plan.places.push_back(place);
  }
  return plan;
}

}  // namespace triptych::coroutine::discover
