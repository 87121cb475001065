// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/ucontext.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "coroutine/discover/calls.hpp"
#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/module_places.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/discover/taken_addresses.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;

constexpr std::uint8_t kUcontext = TRIPTYCH_COROUTINE_RUNTIME_UCONTEXT;
constexpr std::size_t kCallSize = 5;
constexpr const char* kNotKnown = "its libc's contexts are built in a way that is not known";

// libc's functions, where the file has them: libc itself, or a program that it was linked into.
struct UcontextFunctions {
  std::vector<std::uint64_t> make, swap, set;
};

Result<UcontextFunctions> own_functions(const ElfFile& file) {
  std::set<std::uint64_t> make, swap, set;
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (symbol.name == "makecontext") make.insert(symbol.address);
    if (symbol.name == "swapcontext") swap.insert(symbol.address);
    if (symbol.name == "setcontext") set.insert(symbol.address);
  }));
  return UcontextFunctions{
      {make.begin(), make.end()}, {swap.begin(), swap.end()}, {set.begin(), set.end()}};
}

// Where setcontext returns to when it was called because a context's function had returned: the
// call behind `mov %rbx,%rsp`, which puts the stack back to where it began.
std::optional<std::uint64_t> way_out(const CodeSearch& code, std::uint64_t set) {
  constexpr std::array kBackToBegin = {std::byte{0x48}, std::byte{0x89}, std::byte{0xdc}};
  constexpr std::size_t kMostBytesOfSwap = 16;
  for (const std::uint64_t call : code.calls(set)) {
    const auto before = code.at(call - kMostBytesOfSwap, kMostBytesOfSwap);
    if (std::search(before.begin(), before.end(), kBackToBegin.begin(), kBackToBegin.end()) !=
        before.end()) {
      return call + kCallSize;
    }
  }
  return std::nullopt;
}

void add_end(const ElfFile& file, const CodeSearch& code, std::uint64_t set, Discovery& plan) {
  const auto entry = cheap_entry(code, set);
  const auto back = way_out(code, set);
  auto place = entry && back ? place_at(file, *entry, 0, kUcontext) : std::nullopt;
  if (!place) {
    plan.not_known = kNotKnown;
    return;
  }
  place->site.kind = TRIPTYCH_UCONTEXT_SET;
  place->site.second.kind = TRIPTYCH_OPERAND_CONSTANT;
  place->site.second.value = static_cast<__s64>(*back);
  plan.places.push_back(*place);
}

// Whatever has its address taken somewhere: one of them is what a context is made with.
Result<std::vector<Function>> entries_of(const ElfFile& file, const DynamicSymbols& symbols) {
  const std::set<std::uint64_t> taken = taken_addresses(file, symbols);
  std::vector<Function> entries;
  std::set<std::uint64_t> seen;
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (!taken.contains(symbol.address) || !seen.insert(symbol.address).second) return;
    if (entries.size() == TRIPTYCH_MAX_KNOWN_FUNCTIONS) return;
    entries.push_back({demangled(std::string(symbol.name)), symbol.address});
  }));
  return entries;
}

}  // namespace

Result<Discovery> discover_ucontext(const ElfFile& file) {
  TRIPTYCH_TRY_ASSIGN(const DynamicSymbols symbols, DynamicSymbols::read(file));
  TRIPTYCH_TRY_ASSIGN(const UcontextFunctions own, own_functions(file));
  Discovery plan;
  const bool calls_it = !symbols.import_slots("swapcontext").empty() || !own.swap.empty();
  if (!calls_it) return plan;
  TRIPTYCH_TRY_ASSIGN(const CodeSearch code, CodeSearch::read(file));
  add_calls(file, code, symbols, {"makecontext", own.make}, {kUcontext, TRIPTYCH_UCONTEXT_MAKE},
            plan);
  add_calls(file, code, symbols, {"swapcontext", own.swap}, {kUcontext, TRIPTYCH_UCONTEXT_SWAP},
            plan);
  plan.only_serves = plan.places.empty() && plan.dear.empty();
  for (const std::uint64_t set : own.set) add_end(file, code, set, plan);
  if (!plan.only_serves) {
    TRIPTYCH_TRY_ASSIGN(plan.entries, entries_of(file, symbols));
  }
  return plan;
}

}  // namespace triptych::coroutine::discover
