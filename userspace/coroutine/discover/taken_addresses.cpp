// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/taken_addresses.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include "coroutine/discover/places.hpp"
#include "coroutine/discover/relocations.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::uint64_t kMostTextSearched = 64 << 20;

// lea address(%rip),%register, or of a program at fixed addresses mov $address,%register.
std::uint64_t address_in(const Instruction& each, std::uint64_t at) {
  if (each.is_one_byte(0x8d)) return rip_target(each, at).value_or(0);
  const bool moves =
      each.map == OpcodeMap::kOneByte && ((each.opcode & 0xf8) == 0xb8 || each.opcode == 0xc7);
  return moves && each.immediate > 0 ? static_cast<std::uint64_t>(each.immediate) : 0;
}

void add_from_code(const probes::ElfFile& file, std::set<std::uint64_t>& taken) {
  for (const probes::Section& section : file.sections()) {
    if (!section.name.starts_with(".text")) continue;
    const auto code = file.code(section.address, std::min(section.size, kMostTextSearched));
    for (std::size_t done = 0; done < code.size(); ++done) {  // over data between functions
      sweep(std::span(code).subspan(done), section.address + done,
            [&](std::uint64_t at, const Instruction& each) {
              const std::uint64_t address = address_in(each, at);
              if (file.code_offset(address)) taken.insert(address);
              done = static_cast<std::size_t>(at + each.length - section.address);
              return true;
            });
    }
  }
}

}  // namespace

std::set<std::uint64_t> taken_addresses(const probes::ElfFile& file,
                                        const DynamicSymbols& symbols) {
  std::set<std::uint64_t> taken;
  add_from_code(file, taken);
  for (const auto& [slot, address] : filled_slots(file)) taken.insert(address);
  // What it exports it may reach through a slot of its own.
  std::set<std::string_view> slots;
  for (const ImportSlot& each : symbols.slots()) slots.insert(each.name);
  for (const DynamicSymbol& each : symbols.all()) {
    if (each.address != 0 && slots.contains(each.name)) taken.insert(each.address);
  }
  return taken;
}

}  // namespace triptych::coroutine::discover
