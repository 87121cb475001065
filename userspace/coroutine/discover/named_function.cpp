// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/named_function.hpp"

#include <asm/ptrace.h>

#include <cstddef>
#include <map>
#include <string>

#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/module_places.hpp"
#include "coroutine/discover/places.hpp"
#include "coroutine/discover/symbols.hpp"

namespace triptych::coroutine::discover {

using probes::ElfFile;
using probes::Place;

Result<Discovery> discover_function(const ElfFile& file, std::string_view name) {
  std::map<std::uint64_t, std::uint64_t> sizes;  // by address
  TRIPTYCH_TRY(for_each_function(file, [&](const Symbol& symbol) {
    if (symbol.name == name) sizes[symbol.address] = symbol.size;
  }));
  Discovery plan;
  const std::string readable = demangled(std::string(name));
  for (const auto& [address, size] : sizes) {
    const auto entry = entry_place(file.code(address, size), address);
    auto place = entry ? place_at(file, entry->address, TRIPTYCH_COROUTINE_RESUMED,
                                  TRIPTYCH_COROUTINE_RUNTIME_FUNCTION)
                       : std::nullopt;
    if (!place) {
      ++plan.not_understood;
      continue;
    }
    const bool cheap = entry->cost == ProbeCost::kEmulated;
    plan.functions.push_back({readable, address});
    place->site.id = in_register(offsetof(pt_regs, rdi));
    place->site.function = static_cast<__u32>(plan.functions.size());
    if (!cheap) place->site.cost_ns = kSteppedNs;
    (cheap ? plan.places : plan.dear).push_back(*place);
  }
  return plan;
}

}  // namespace triptych::coroutine::discover
