// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/elf_symbols.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kMostFunctions = 4u << 20;  // 64 MiB of them
constexpr std::size_t kMostNotes = 64 << 10;
constexpr std::size_t kMostName = 4096;
constexpr std::size_t kSymbolsAtOnce = 4096;
constexpr std::size_t kMostNamesCompared = 16;
constexpr std::uint32_t kLocal = 1u << 31;

bool is_ours(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
         header.e_machine == EM_X86_64;
}

bool is_function(const Elf64_Sym& symbol) {
  const auto type = ELF64_ST_TYPE(symbol.st_info);
  return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol.st_shndx != SHN_UNDEF &&
         symbol.st_name != 0 && symbol.st_name < kLocal;
}

// Debug files have the names that a compiler or the library made for itself besides the usual ones.
bool is_better(std::string_view name, std::string_view than) {
  const auto made_up = [](std::string_view each) { return each.find("_alias") != each.npos; };
  if (made_up(name) != made_up(than)) return made_up(than);
  return name.size() < than.size();
}

constexpr std::uint64_t rounded_up(std::uint64_t size) {
  return (size + 3) & ~std::uint64_t{3};
}

}  // namespace

std::optional<ElfSymbols> ElfSymbols::open(Image image) {
  ElfSymbols symbols(std::move(image));
  if (!symbols.image_ || !symbols.read_header()) return std::nullopt;
  return symbols;
}

bool ElfSymbols::read_header() {
  Elf64_Ehdr header;
  if (!image_.read(0, header) || !is_ours(header)) return false;
  entry_ = header.e_entry;
  if (header.e_phentsize == sizeof(Elf64_Phdr)) read_segments(header.e_phoff, header.e_phnum);
  if (header.e_shentsize == sizeof(Elf64_Shdr)) find_table(header.e_shoff, header.e_shnum);
  return true;
}

void ElfSymbols::read_segments(std::uint64_t offset, std::uint16_t count) {
  for (std::uint16_t i = 0; i < count; ++i) {
    Elf64_Phdr segment;
    if (!image_.read(offset + i * sizeof segment, segment)) return;
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0) {
      code_.push_back({segment.p_offset, segment.p_vaddr, segment.p_filesz, segment.p_memsz});
    } else if (segment.p_type == PT_NOTE && build_id_.empty()) {
      read_notes(segment.p_offset, segment.p_filesz);
    }
  }
}

void ElfSymbols::read_notes(std::uint64_t offset, std::uint64_t size) {
  size = std::min<std::uint64_t>(size, kMostNotes);
  for (std::uint64_t at = 0; at + sizeof(Elf64_Nhdr) <= size;) {
    Elf64_Nhdr note;
    if (!image_.read(offset + at, note)) return;
    at += sizeof note;
    const std::uint64_t name = at;
    const std::uint64_t id = name + rounded_up(note.n_namesz);
    at = id + rounded_up(note.n_descsz);
    if (at > size) return;
    std::array<char, 4> owner{};
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != owner.size() || note.n_descsz > 64 ||
        !image_.read(offset + name, owner) || std::memcmp(owner.data(), "GNU", 4) != 0) {
      continue;
    }
    build_id_.resize(note.n_descsz);
    if (!image_.read(offset + id, std::as_writable_bytes(std::span(build_id_)))) build_id_.clear();
    return;
  }
}

// The one with every function, or else that of those that others may call.
void ElfSymbols::find_table(std::uint64_t offset, std::uint16_t count) {
  for (const std::uint32_t wanted : {SHT_SYMTAB, SHT_DYNSYM}) {
    for (std::uint16_t i = 0; i < count; ++i) {
      Elf64_Shdr section, names;
      if (!image_.read(offset + i * sizeof section, section)) return;
      if (section.sh_type != wanted || section.sh_entsize != sizeof(Elf64_Sym)) continue;
      if (section.sh_link >= count || section.sh_size < sizeof(Elf64_Sym)) continue;
      if (!image_.read(offset + section.sh_link * sizeof names, names)) continue;
      if (names.sh_type != SHT_STRTAB) continue;
      table_ = Table{section.sh_offset, section.sh_size, names.sh_offset};
      return;
    }
  }
}

template <class F>
void ElfSymbols::each_function(F visit) const {
  std::vector<Elf64_Sym> piece;
  std::uint64_t left = table_->size / sizeof(Elf64_Sym);
  std::uint64_t at = table_->offset;
  while (left != 0) {
    piece.resize(std::min<std::uint64_t>(left, kSymbolsAtOnce));
    const auto bytes = std::as_writable_bytes(std::span(piece));
    if (!image_.read(at, bytes)) break;
    for (const Elf64_Sym& symbol : piece) {
      if (is_function(symbol)) visit(symbol);
    }
    at += bytes.size();
    left -= piece.size();
  }
}

std::size_t ElfSymbols::functions() const {
  if (read_ || !table_) return functions_.size();
  return std::min<std::size_t>(table_->size / sizeof(Elf64_Sym), kMostFunctions);
}

void ElfSymbols::read_table() {
  read_ = true;
  if (!table_) return;
  // Counted first: to grow would take half as much again.
  std::size_t count = 0;
  each_function([&](const Elf64_Sym&) { ++count; });
  const std::size_t most = std::min(count, kMostFunctions);
  functions_.reserve(most);
  each_function([&](const Elf64_Sym& symbol) {
    if (functions_.size() == most) return;
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    const bool is_local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
    functions_.push_back({symbol.st_value,
                          static_cast<std::uint32_t>(std::min(symbol.st_size, kMost)),
                          symbol.st_name | (is_local ? kLocal : 0)});
  });
  // Of several at one address the longest, and of those one that others may call.
  std::stable_sort(functions_.begin(), functions_.end(), [](const Symbol& a, const Symbol& b) {
    if (a.address != b.address) return a.address < b.address;
    return a.size != b.size ? a.size > b.size : (a.name & kLocal) < (b.name & kLocal);
  });
}

std::optional<std::uint64_t> ElfSymbols::address_of(std::uint64_t file_offset) const {
  for (const Segment& segment : code_) {
    if (file_offset < segment.offset || file_offset - segment.offset >= segment.size) continue;
    return segment.address + (file_offset - segment.offset);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfSymbols::address_in_mapping(std::uint64_t offset,
                                                            std::uint64_t size) const {
  constexpr std::uint64_t kPage = 4096;
  if (code_.size() != 1) return std::nullopt;
  const std::uint64_t start = code_[0].address & ~(kPage - 1);
  const std::uint64_t end = (code_[0].address + code_[0].in_memory + kPage - 1) & ~(kPage - 1);
  if (end - start != size || offset >= size) return std::nullopt;
  return start + offset;
}

// Without the version, which the linker adds to those of libraries.
std::string ElfSymbols::name_of(const Symbol& symbol) const {
  std::string name = image_.text(table_->names + (symbol.name & ~kLocal), kMostName);
  const std::size_t version = name.find('@');
  if (version != std::string::npos && version != 0) name.resize(version);
  return name;
}

// Of those that are as good as the first one.
std::string ElfSymbols::best_name(const Symbol* first, const Symbol* end) const {
  std::string best = name_of(*first);
  std::size_t compared = 1;
  for (const Symbol* each = first + 1; each != end && compared < kMostNamesCompared; ++each) {
    if (each->address != first->address || each->size != first->size ||
        (each->name & kLocal) != (first->name & kLocal)) {
      break;
    }
    ++compared;
    std::string name = name_of(*each);
    if (!name.empty() && is_better(name, best)) best = std::move(name);
  }
  return best;
}

std::optional<ElfSymbols::Function> ElfSymbols::function_at(std::uint64_t address) {
  if (!read_) read_table();
  const auto after =
      std::upper_bound(functions_.begin(), functions_.end(), address,
                       [](std::uint64_t at, const Symbol& s) { return at < s.address; });
  if (after == functions_.begin()) return std::nullopt;
  const auto found =
      std::lower_bound(functions_.begin(), after, std::prev(after)->address,
                       [](const Symbol& s, std::uint64_t at) { return s.address < at; });
  const std::uint64_t offset = address - found->address;
  // What assembler wrote may have no size: it goes on to the next one.
  if (found->size != 0 && offset >= found->size) return std::nullopt;
  return Function{best_name(&*found, &*std::prev(after) + 1), offset, found->size};
}

}  // namespace triptych::symbol::resolve
