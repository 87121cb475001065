// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/module_places.hpp"

#include <algorithm>
#include <array>

#include "coroutine/discover/instruction.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kBytesLookedAt = 32;  // that are looked through for a cheap place

}  // namespace

std::optional<std::uint64_t> cheap_place(const CodeSearch& code, std::uint64_t address) {
  std::span<const std::byte> rest = code.at(address, kBytesLookedAt);
  while (const auto instruction = decode(rest)) {
    if (probe_cost(*instruction) == ProbeCost::kEmulated) return address;
    if (ends_straight_line(*instruction)) return std::nullopt;
    rest = rest.subspan(instruction->length);
    address += instruction->length;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> cheap_entry(const CodeSearch& code, std::uint64_t address) {
  const auto begin = code.at(address, kEndbr.size());
  if (std::equal(begin.begin(), begin.end(), kEndbr.begin(), kEndbr.end()))
    address += kEndbr.size();
  const auto place = cheap_place(code, address);
  return place == address ? place : std::nullopt;
}

std::optional<probes::Place> place_at(const probes::ElfFile& file, std::uint64_t address,
                                      std::uint8_t what, std::uint8_t runtime) {
  const auto offset = file.code_offset(address);
  if (!offset) return std::nullopt;
  probes::Place place;
  place.offset = *offset;
  place.site.address = address;
  place.site.what = what;
  place.site.source = TRIPTYCH_COROUTINE_UPROBE;
  place.site.runtime = runtime;
  place.site.cost_ns = kEmulatedNs;
  return place;
}

triptych_operand in_register(std::size_t register_offset) {
  triptych_operand operand{};
  operand.kind = TRIPTYCH_OPERAND_REGISTER;
  operand.bytes = 8;
  operand.register_offset = static_cast<__u16>(register_offset);
  return operand;
}

std::optional<triptych_python_layout> layout_for(const DynamicSymbols& module,
                                                 const Interpreter& interpreter) {
  triptych_python_layout layout = interpreter.layout;
  const std::vector<std::uint64_t> none = module.import_slots("_Py_NoneStruct");
  if (none.empty()) return std::nullopt;
  layout.none_slot = none.front();
  return layout;
}

}  // namespace triptych::coroutine::discover
