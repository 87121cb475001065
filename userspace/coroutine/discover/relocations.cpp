// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/relocations.hpp"

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <span>

namespace triptych::coroutine::discover {

Slots relative_slots(const probes::ElfFile& file) {
  Slots slots;
  for (const probes::Section& section : file.sections()) {
    if (section.type != SHT_RELA) continue;
    const auto bytes = file.read(section);
    if (!bytes) continue;
    for (std::span<const std::byte> rest = *bytes; rest.size() >= sizeof(Elf64_Rela);
         rest = rest.subspan(sizeof(Elf64_Rela))) {
      Elf64_Rela each{};
      std::memcpy(&each, rest.data(), sizeof each);
      if (ELF64_R_TYPE(each.r_info) == R_X86_64_RELATIVE) {
        slots[each.r_offset] = static_cast<std::uint64_t>(each.r_addend);
      }
    }
  }
  return slots;
}

Slots filled_slots(const probes::ElfFile& file) {
  Slots slots = relative_slots(file);
  std::erase_if(slots, [&](const auto& slot) { return !file.code_offset(slot.second); });
  return slots;
}

}  // namespace triptych::coroutine::discover
