// SPDX-License-Identifier: Apache-2.0
//
// ELF files made to measure: a segment of code, one of variables, and whatever sections a test
// wants.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace triptych::test {

class ElfBuilder {
 public:
  static constexpr std::uint64_t kCodeAddress = 0x401000;
  static constexpr std::uint64_t kCodeOffset = 0x1000;
  static constexpr std::uint64_t kVariablesAddress = 0x500000;
  static constexpr std::uint64_t kVariablesOffset = 0x800;
  static constexpr std::uint64_t kVariablesSize = 0x100;

  // From kCodeAddress on.
  ElfBuilder& code(std::string bytes) {
    code_ = std::move(bytes);
    return *this;
  }

  ElfBuilder& section(std::string name, std::uint32_t type, std::string bytes,
                      std::uint64_t address = 0) {
    sections_.push_back({std::move(name), type, std::move(bytes), address, 0, 0});
    return *this;
  }

  // One that has its texts in another.
  ElfBuilder& linked_section(std::string name, std::uint32_t type, std::string bytes,
                             std::string texts_name, std::string texts) {
    section(std::move(texts_name), SHT_STRTAB, std::move(texts));
    const auto link = static_cast<std::uint32_t>(sections_.size());
    section(std::move(name), type, std::move(bytes));
    sections_.back().link = link;
    return *this;
  }

  // A table of symbols with this one function.
  ElfBuilder& function(const std::string& name, std::uint64_t address, std::uint64_t size) {
    return functions({{name, STB_GLOBAL}}, address, size);
  }
  // With this one by all these names, and how each is bound.
  ElfBuilder& functions(const std::vector<std::pair<std::string, unsigned>>& names,
                        std::uint64_t address, std::uint64_t size) {
    std::string texts(1, '\0'), symbols;
    for (const auto& [name, bound] : names) {
      const Elf64_Sym symbol{.st_name = static_cast<Elf64_Word>(texts.size()),
                             .st_info = static_cast<unsigned char>(ELF64_ST_INFO(bound, STT_FUNC)),
                             .st_other = 0,
                             .st_shndx = 1,
                             .st_value = address,
                             .st_size = size};
      texts += name + '\0';
      symbols.append(reinterpret_cast<const char*>(&symbol), sizeof symbol);
    }
    section(".strtab", SHT_STRTAB, texts);
    const auto link = static_cast<std::uint32_t>(sections_.size());  // the first one is no section
    section(".symtab", SHT_SYMTAB, symbols);
    sections_.back().link = link;
    sections_.back().entry_size = sizeof(Elf64_Sym);
    return *this;
  }

  // A note as the assembler writes it.
  static std::string marker(std::string_view provider, std::string_view name,
                            std::string_view arguments, std::uint64_t address,
                            std::uint64_t semaphore = 0, std::uint64_t base = 0) {
    std::string body = number(address) + number(base) + number(semaphore);
    for (const std::string_view text : {provider, name, arguments}) {
      body += text;
      body += '\0';
    }
    const std::string owner("stapsdt\0", 8);
    const Elf64_Nhdr header{static_cast<Elf64_Word>(owner.size()),
                            static_cast<Elf64_Word>(body.size()), 3};
    std::string note(reinterpret_cast<const char*>(&header), sizeof header);
    note += owner + body;
    note.resize((note.size() + 3) / 4 * 4);
    return note;
  }

  [[nodiscard]] std::string build() const {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    const Elf64_Phdr segments[] = {
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_X,
         .p_offset = kCodeOffset,
         .p_vaddr = kCodeAddress,
         .p_paddr = kCodeAddress,
         .p_filesz = code_.size(),
         .p_memsz = code_.size(),
         .p_align = 0x1000},
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_W,
         .p_offset = kVariablesOffset,
         .p_vaddr = kVariablesAddress,
         .p_paddr = kVariablesAddress,
         .p_filesz = kVariablesSize,
         .p_memsz = kVariablesSize,
         .p_align = 0x800},
    };
    std::string file(kCodeOffset, '\0');
    file += code_;
    std::string names(1, '\0');
    std::vector<Elf64_Shdr> table(1);
    for (const Section& each : sections_) add(table, names, file, each);
    const Section own{".shstrtab", SHT_STRTAB, names + std::string(".shstrtab\0", 10), 0, 0, 0};
    add(table, names, file, own);
    header.e_shoff = file.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(table.size());
    header.e_shstrndx = static_cast<Elf64_Half>(table.size() - 1);
    for (const Elf64_Shdr& each : table) {
      file.append(reinterpret_cast<const char*>(&each), sizeof each);
    }
    std::memcpy(file.data(), &header, sizeof header);
    std::memcpy(file.data() + sizeof header, segments, sizeof segments);
    return file;
  }

 private:
  struct Section {
    std::string name;
    std::uint32_t type;
    std::string bytes;
    std::uint64_t address;
    std::uint32_t link = 0;
    std::uint64_t entry_size = 0;
  };

  static std::string number(std::uint64_t value) {
    return std::string(reinterpret_cast<const char*>(&value), sizeof value);
  }

  static void add(std::vector<Elf64_Shdr>& table, std::string& names, std::string& file,
                  const Section& section) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = section.type;
    header.sh_addr = section.address;
    header.sh_offset = file.size();
    header.sh_size = section.bytes.size();
    header.sh_link = section.link;
    header.sh_entsize = section.entry_size;
    names += section.name + '\0';
    file += section.bytes;
    table.push_back(header);
  }

  std::string code_ = "\x90";
  std::vector<Section> sections_;
};

}  // namespace triptych::test
