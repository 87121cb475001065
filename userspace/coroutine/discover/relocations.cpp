// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/relocations.hpp"

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <span>

namespace triptych::coroutine::discover {

Slots filled_slots(const probes::ElfFile& file) {
  Slots slots;
  for (const probes::Section& section : file.sections()) {
    if (section.type != SHT_RELA) continue;
    const auto bytes = file.read(section);
    if (!bytes) continue;
    for (std::span<const std::byte> rest = *bytes; rest.size() >= sizeof(Elf64_Rela);
         rest = rest.subspan(sizeof(Elf64_Rela))) {
      Elf64_Rela each{};
      std::memcpy(&each, rest.data(), sizeof each);
      const auto address = static_cast<std::uint64_t>(each.r_addend);
      if (ELF64_R_TYPE(each.r_info) == R_X86_64_RELATIVE && file.code_offset(address)) {
        slots[each.r_offset] = address;
      }
    }
  }
  return slots;
}

}  // namespace triptych::coroutine::discover
