// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/needs.hpp"

#include <elf.h>

#include <cstddef>
#include <cstring>

namespace triptych::coroutine::discover {

Needs needs_of(const probes::ElfFile& file) {
  Needs needs;
  const probes::Section* section = file.section(".dynamic");
  const probes::Section* strings = file.section(".dynstr");
  if (section == nullptr || strings == nullptr) return needs;
  const auto entries = file.read(*section), texts = file.read(*strings);
  if (!entries || !texts) return needs;
  for (std::size_t at = 0; entries->size() - at >= sizeof(Elf64_Dyn); at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry{};
    std::memcpy(&entry, entries->data() + at, sizeof entry);
    const auto text = probes::text_at(*texts, entry.d_un.d_val);
    if (!text) continue;
    if (entry.d_tag == DT_NEEDED) needs.names.emplace_back(*text);
    if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) {
      needs.folders.append(":").append(*text);
    }
  }
  return needs;
}

}  // namespace triptych::coroutine::discover
