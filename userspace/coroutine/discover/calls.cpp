// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/calls.hpp"

#include <vector>

#include "coroutine/discover/instruction.hpp"
#include "coroutine/discover/module_places.hpp"

namespace triptych::coroutine::discover {

void add_calls(const probes::ElfFile& file, const CodeSearch& code, const DynamicSymbols& symbols,
               const CalledFunction& function, CallKind what, Discovery& plan) {
  const auto add = [&](const std::vector<std::uint64_t>& addresses, bool is_call, bool cheap) {
    for (const std::uint64_t address : addresses) {
      auto place = place_at(file, address, 0, what.runtime);
      if (!place) continue;
      place->site.kind = what.kind;
      place->site.is_call = is_call ? 1 : 0;
      if (!cheap) place->site.cost_ns = kSteppedNs;
      (cheap ? plan.places : plan.dear).push_back(*place);
    }
  };
  std::vector<std::uint64_t> targets(function.own.begin(), function.own.end());
  for (const std::uint64_t slot : symbols.import_slots(function.import)) {
    add(code.calls_through(slot), true, false);
    const std::vector<std::uint64_t> stubs = code.stubs(slot);
    targets.insert(targets.end(), stubs.begin(), stubs.end());
  }
  for (const std::uint64_t target : targets) {
    add(code.calls(target), true, true);
    add(code.jumps(target), false, true);
  }
}

}  // namespace triptych::coroutine::discover
