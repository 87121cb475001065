// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/asyncio.hpp"

#include <asm/ptrace.h>
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "coroutine/discover/code_search.hpp"
#include "coroutine/discover/dynamic_symbols.hpp"
#include "coroutine/discover/function_ranges.hpp"
#include "coroutine/discover/instruction.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kMostBytes = 32;  // that are looked through for a cheap place

tl::unexpected<Error> not_known(std::string_view why) {
  return fail(fmt::format("its asyncio is built in a way that is not known: {}", why));
}

// The first instruction from here on that a probe costs little on, before the straight line ends.
std::optional<std::uint64_t> cheap_place(const CodeSearch& code, std::uint64_t address) {
  std::span<const std::byte> rest = code.at(address, kMostBytes);
  while (const auto instruction = decode(rest)) {
    if (probe_cost(*instruction) == ProbeCost::kEmulated) return address;
    if (ends_straight_line(*instruction)) return std::nullopt;
    rest = rest.subspan(instruction->length);
    address += instruction->length;
  }
  return std::nullopt;
}

// At the entry the registers must be as the caller left them: behind an endbr64, at most.
std::optional<std::uint64_t> cheap_entry(const CodeSearch& code, std::uint64_t address) {
  constexpr std::array kEndbr = {std::byte{0xf3}, std::byte{0x0f}, std::byte{0x1e},
                                 std::byte{0xfa}};
  const auto begin = code.at(address, kEndbr.size());
  if (std::equal(begin.begin(), begin.end(), kEndbr.begin(), kEndbr.end()))
    address += kEndbr.size();
  const auto place = cheap_place(code, address);
  return place == address ? place : std::nullopt;
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

Result<probes::Place> place_at(const probes::ElfFile& file, std::uint64_t address,
                               std::uint8_t what) {
  const auto offset = file.code_offset(address);
  if (!offset) return not_known("its code is not where it says");
  probes::Place place;
  place.offset = *offset;
  place.site.address = address;
  place.site.what = what;
  place.site.source = TRIPTYCH_COROUTINE_UPROBE;
  place.site.runtime = TRIPTYCH_COROUTINE_RUNTIME_ASYNCIO;
  place.site.cost_ns = kEmulatedNs;
  return place;
}

// Each step of a task goes through one function, task_step_impl: it throws into the coroutine, or
// sends to it by the module's only call of PyIter_Send.
Result<FunctionRange> find_step(const probes::ElfFile& file, const CodeSearch& code,
                                const DynamicSymbols& symbols) {
  const std::vector<std::uint64_t> sends = calls_of_import(code, symbols, "PyIter_Send");
  if (sends.size() != 1) {
    return not_known(fmt::format("{} calls of PyIter_Send instead of one", sends.size()));
  }
  TRIPTYCH_TRY_ASSIGN(const FunctionRanges ranges, FunctionRanges::read(file));
  const auto range = ranges.around(sends.front());
  if (!range) return not_known("no function is around its call of PyIter_Send");
  return *range;
}

}  // namespace

Result<bool> has_asyncio(const probes::ElfFile& file) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(file));
  return symbols.defined("PyInit__asyncio") != nullptr;
}

Result<Discovery> discover_asyncio(const probes::ElfFile& module, const Interpreter& interpreter) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(module));
  if (symbols.defined("_PyRuntime") != nullptr) return not_known("it is part of the interpreter");
  Discovery plan;
  triptych_python_layout layout = interpreter.layout;
  const std::vector<std::uint64_t> none = symbols.import_slots("_Py_NoneStruct");
  if (none.empty()) return not_known("it does without None");
  layout.none_slot = none.front();
  plan.python = layout;

  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(module));
  TRIPTYCH_TRY_ASSIGN(const FunctionRange step, find_step(module, code, symbols));
  const auto entry = cheap_entry(code, step.begin);
  if (!entry) return not_known("its step has no cheap place at its entry");
  TRIPTYCH_TRY_ASSIGN(probes::Place mount, place_at(module, *entry, TRIPTYCH_COROUTINE_RESUMED));
  // Since 3.12 the module's state comes before the task.
  mount.site.id.kind = TRIPTYCH_OPERAND_REGISTER;
  mount.site.id.bytes = 8;
  mount.site.id.register_offset =
      static_cast<__u16>(interpreter.minor >= 12 ? offsetof(pt_regs, rsi) : offsetof(pt_regs, rdi));
  plan.places.push_back(mount);

  constexpr std::uint64_t kCallSize = 5;
  const std::vector<std::uint64_t> calls = code.calls(step.begin);
  if (calls.empty()) return not_known("nobody calls its step");
  if (!code.jumps(step.begin).empty()) return not_known("a function ends with its step");
  for (const std::uint64_t call : calls) {
    const auto back = cheap_place(code, call + kCallSize);
    if (!back) return not_known("no cheap place behind its step");
    TRIPTYCH_TRY_ASSIGN(const probes::Place place,
                        place_at(module, *back, TRIPTYCH_COROUTINE_SUSPENDED));
    plan.places.push_back(place);
  }
  return plan;
}

}  // namespace triptych::coroutine::discover
