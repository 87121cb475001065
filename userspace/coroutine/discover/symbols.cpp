// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "coroutine/discover/instruction.hpp"

namespace triptych::coroutine::discover {
namespace {

using probes::ElfFile;
using probes::Section;

template <class T>
T record_at(std::span<const std::byte> bytes, std::size_t index) {
  T record;
  std::memcpy(&record, bytes.data() + index * sizeof(T), sizeof record);
  return record;
}

Result<std::vector<std::byte>> texts_of(const ElfFile& file, const Section& table) {
  if (table.link >= file.sections().size()) return fail("damaged symbols");
  return file.read(file.sections()[table.link]);
}

// What the slots of the global offset table are filled with.
std::unordered_map<std::uint64_t, std::string> imported_slots(const ElfFile& file) {
  std::unordered_map<std::uint64_t, std::string> slots;
  for (const Section& section : file.sections()) {
    if (section.type != SHT_RELA || section.link >= file.sections().size()) continue;
    const Section& table = file.sections()[section.link];
    const auto relocations = file.read(section);
    const auto symbols = file.read(table);
    const auto texts = texts_of(file, table);
    if (!relocations || !symbols || !texts) continue;
    for (std::size_t i = 0; i < relocations->size() / sizeof(Elf64_Rela); ++i) {
      const auto each = record_at<Elf64_Rela>(*relocations, i);
      const auto type = ELF64_R_TYPE(each.r_info);
      if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) continue;
      const std::size_t index = ELF64_R_SYM(each.r_info);
      if (index >= symbols->size() / sizeof(Elf64_Sym)) continue;
      const auto name = probes::text_at(*texts, record_at<Elf64_Sym>(*symbols, index).st_name);
      if (name && !name->empty()) slots[each.r_offset] = *name;
    }
  }
  return slots;
}

constexpr std::uint64_t kStubBytes = 16, kMostStubBytes = 1 << 20;

// endbr64 perhaps, then jmp *slot(%rip).
std::optional<std::uint64_t> slot_of_stub(std::span<const std::byte> stub, std::uint64_t address) {
  for (int i = 0; i < 2; ++i) {
    const auto instruction = decode(stub);
    if (!instruction) return std::nullopt;
    if (instruction->is_one_byte(0xff) && (instruction->modrm >> 3 & 7) == 4) {
      return rip_target(*instruction, address);
    }
    stub = stub.subspan(instruction->length);
    address += instruction->length;
  }
  return std::nullopt;
}

// Anywhere among the names of symbols, with the zeroes around them.
bool has_name(const ElfFile& file, std::string_view name) {
  for (const Section& table : file.sections()) {
    if (table.type != SHT_SYMTAB && table.type != SHT_DYNSYM) continue;
    const auto texts = texts_of(file, table);
    if (!texts) continue;
    const std::string_view all(reinterpret_cast<const char*>(texts->data()), texts->size());
    if (all.find(name) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Result<void> for_each_function(const ElfFile& file,
                               const std::function<void(const Symbol&)>& take) {
  for (const Section& table : file.sections()) {
    if (table.type != SHT_SYMTAB && table.type != SHT_DYNSYM) continue;
    TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> symbols, file.read(table));
    TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> texts, texts_of(file, table));
    for (std::size_t i = 0; i < symbols.size() / sizeof(Elf64_Sym); ++i) {
      const auto symbol = record_at<Elf64_Sym>(symbols, i);
      if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC || symbol.st_shndx == SHN_UNDEF) continue;
      const auto name = probes::text_at(texts, symbol.st_name);
      if (name && !name->empty()) take({*name, symbol.st_value, symbol.st_size});
    }
  }
  return {};
}

bool links_recorder(const ElfFile& file) {
  using namespace std::string_view_literals;
  return has_name(file, "\0triptych_coro_"sv);
}

bool has_symbols(const ElfFile& file) {
  const auto& all = file.sections();
  return std::any_of(all.begin(), all.end(),
                     [](const Section& each) { return each.type == SHT_SYMTAB; });
}

bool allocates_in_cpp(const ElfFile& file) {
  using namespace std::string_view_literals;
  return has_name(file, "\0_Znwm\0"sv);
}

std::unordered_map<std::uint64_t, std::string> imported_functions(const ElfFile& file) {
  std::unordered_map<std::uint64_t, std::string> imported;
  const auto slots = imported_slots(file);
  if (slots.empty()) return imported;
  for (const char* name : {".plt", ".plt.sec", ".plt.got"}) {
    const Section* section = file.section(name);
    if (section == nullptr) continue;
    const auto bytes = file.code(section->address, std::min(section->size, kMostStubBytes));
    // Stubs of .plt.got may be half as long.
    for (std::uint64_t at = 0; at < bytes.size(); at += kStubBytes / 2) {
      const auto slot = slot_of_stub(std::span(bytes).subspan(at), section->address + at);
      if (!slot) continue;
      const auto found = slots.find(*slot);
      if (found != slots.end()) imported.emplace(section->address + at, found->second);
    }
  }
  return imported;
}

}  // namespace triptych::coroutine::discover
