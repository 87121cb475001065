// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/partial_elf.hpp"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kAlignment = 16;
constexpr std::size_t kLongestSection = 32;
constexpr std::size_t kRoomForTable = 4096;  // of the sections, and their names

struct Section {
  std::string name;
  Elf64_Shdr header{};
};

constexpr std::uint64_t kTooMuch = std::uint64_t{1} << 62;

// In memory, where what is compressed stays beside what becomes of it.
std::uint64_t size_of_section(const Image& image, const Elf64_Shdr& section) {
  Elf64_Chdr compressed{};
  if ((section.sh_flags & SHF_COMPRESSED) == 0) return section.sh_size;
  if (section.sh_size < sizeof compressed || !image.read(section.sh_offset, compressed))
    return kTooMuch;
  return section.sh_size + std::min<std::uint64_t>(compressed.ch_size, kTooMuch);
}

std::vector<Section> find_sections(const Image& image, std::span<const std::string_view> names) {
  std::vector<Section> found;
  Elf64_Ehdr header;
  Elf64_Shdr texts;
  if (!image.read(0, header) || header.e_shentsize != sizeof texts ||
      header.e_shstrndx >= header.e_shnum ||
      !image.read(header.e_shoff + header.e_shstrndx * sizeof texts, texts)) {
    return found;
  }
  for (std::uint16_t i = 0; i < header.e_shnum; ++i) {
    Section section;
    if (!image.read(header.e_shoff + i * sizeof section.header, section.header)) break;
    const Elf64_Shdr& it = section.header;
    if (it.sh_type == SHT_NOBITS || it.sh_size == 0 || it.sh_offset > image.size() ||
        it.sh_size > image.size() - it.sh_offset) {
      continue;
    }
    section.name = image.text(texts.sh_offset + it.sh_name, kLongestSection);
    const bool known = std::any_of(found.begin(), found.end(), [&](const Section& other) {
      return other.name == section.name;
    });
    const bool wanted = std::find(names.begin(), names.end(), section.name) != names.end();
    if (wanted && !known) found.push_back(std::move(section));
  }
  return found;
}

std::uint64_t size_of_all(const Image& image, const std::vector<Section>& sections) {
  std::uint64_t all = 0;
  for (const Section& section : sections) {
    all = std::min(all + size_of_section(image, section.header), kTooMuch);
  }
  return all;
}

std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

template <class T>
void put(std::vector<char>& bytes, std::size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

Elf64_Ehdr header_of(std::size_t sections, std::size_t table) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_version = EV_CURRENT;
  header.e_shoff = table;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = static_cast<Elf64_Half>(sections);
  header.e_shstrndx = static_cast<Elf64_Half>(sections - 1);
  return header;
}

}  // namespace

std::uint64_t PartialElf::size_of(const Image& image, std::span<const std::string_view> names) {
  return size_of_all(image, find_sections(image, names));
}

std::optional<PartialElf> PartialElf::take(const Image& image,
                                           std::span<const std::string_view> names,
                                           std::size_t most) {
  std::vector<Section> sections = find_sections(image, names);
  std::size_t end = aligned(sizeof(Elf64_Ehdr));
  std::string texts(1, '\0');
  const std::uint64_t all = size_of_all(image, sections);
  if (sections.empty() || all > most) return std::nullopt;
  PartialElf part;
  part.size_ = static_cast<std::size_t>(all);
  // To grow would take the room of the old and the new.
  std::size_t whole = end + kRoomForTable;
  for (const Section& section : sections) whole += aligned(section.header.sh_size);
  part.bytes_.reserve(whole);
  part.bytes_.resize(end);
  std::vector<Elf64_Shdr> headers(1);
  for (const Section& section : sections) {
    Elf64_Shdr header = section.header;
    part.bytes_.resize(end + header.sh_size);
    const auto to = std::as_writable_bytes(std::span(part.bytes_)).subspan(end);
    if (!image.read(header.sh_offset, to)) return std::nullopt;
    header.sh_type = SHT_PROGBITS;
    header.sh_flags &= SHF_ALLOC | SHF_COMPRESSED;
    header.sh_name = static_cast<Elf64_Word>(texts.size());
    header.sh_offset = end;
    header.sh_link = header.sh_info = 0;
    header.sh_addralign = kAlignment;
    header.sh_entsize = 0;
    headers.push_back(header);
    texts += section.name + '\0';
    end = aligned(part.bytes_.size());
    part.bytes_.resize(end);
  }
  Elf64_Shdr names_header{};
  names_header.sh_type = SHT_STRTAB;
  names_header.sh_name = static_cast<Elf64_Word>(texts.size());
  texts += std::string(".shstrtab") + '\0';
  names_header.sh_offset = end;
  names_header.sh_size = texts.size();
  names_header.sh_addralign = 1;
  headers.push_back(names_header);
  const std::size_t table = aligned(end + texts.size());
  part.bytes_.resize(table + headers.size() * sizeof(Elf64_Shdr));
  put(part.bytes_, 0, header_of(headers.size(), table));
  std::memcpy(part.bytes_.data() + end, texts.data(), texts.size());
  std::memcpy(part.bytes_.data() + table, headers.data(), headers.size() * sizeof(Elf64_Shdr));
  ::elf_version(EV_CURRENT);
  part.elf_.reset(::elf_memory(part.bytes_.data(), part.bytes_.size()));
  if (!part.elf_) return std::nullopt;
  return part;
}

}  // namespace triptych::symbol::resolve
