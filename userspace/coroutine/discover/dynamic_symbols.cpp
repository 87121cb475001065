// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/dynamic_symbols.hpp"

#include <elf.h>

#include <cstring>

namespace triptych::coroutine::discover {
namespace {

// Calls `visit` with each whole T in the bytes.
template <class T, class Visit>
void for_each(std::span<const std::byte> bytes, Visit visit) {
  for (; bytes.size() >= sizeof(T); bytes = bytes.subspan(sizeof(T))) {
    T each{};
    std::memcpy(&each, bytes.data(), sizeof each);
    visit(each);
  }
}

}  // namespace

Result<DynamicSymbols> DynamicSymbols::read(const probes::ElfFile& file) {
  DynamicSymbols found;
  const probes::Section* section = file.section(".dynsym");
  if (section == nullptr || section->link >= file.sections().size()) return found;
  TRIPTYCH_TRY_ASSIGN(found.names_, file.read(file.sections()[section->link]));
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, file.read(*section));
  for_each<Elf64_Sym>(bytes, [&found](const Elf64_Sym& each) {
    const auto name = probes::text_at(found.names_, each.st_name);
    const bool defined = each.st_shndx != SHN_UNDEF;
    found.symbols_.push_back({name.value_or(std::string_view()), defined ? each.st_value : 0,
                              defined ? each.st_size : 0});
  });
  TRIPTYCH_TRY(found.read_slots(file));
  return found;
}

Result<void> DynamicSymbols::read_slots(const probes::ElfFile& file) {
  for (const probes::Section& section : file.sections()) {
    if (section.type != SHT_RELA || !section.name.starts_with(".rela")) continue;
    TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, file.read(section));
    for_each<Elf64_Rela>(bytes, [this](const Elf64_Rela& each) {
      const std::uint64_t type = ELF64_R_TYPE(each.r_info), index = ELF64_R_SYM(each.r_info);
      const bool is_slot = type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT;
      if (is_slot && index < symbols_.size())
        slots_.push_back({symbols_[index].name, each.r_offset});
    });
  }
  return {};
}

const DynamicSymbol* DynamicSymbols::defined(std::string_view name) const {
  for (const DynamicSymbol& each : symbols_) {
    if (each.address != 0 && each.name == name) return &each;
  }
  return nullptr;
}

std::vector<std::uint64_t> DynamicSymbols::import_slots(std::string_view name) const {
  std::vector<std::uint64_t> found;
  for (const ImportSlot& each : slots_) {
    if (each.name == name) found.push_back(each.address);
  }
  return found;
}

std::vector<std::byte> bytes_at(const probes::ElfFile& file, std::uint64_t address,
                                std::uint64_t size) {
  for (const probes::Section& each : file.sections()) {
    if (each.address == 0 || address < each.address) continue;
    const std::uint64_t into = address - each.address;
    if (into >= each.size || size > each.size - into) continue;
    auto bytes = file.read(each.offset + into, size);
    if (bytes) return std::move(*bytes);
  }
  return {};
}

}  // namespace triptych::coroutine::discover
