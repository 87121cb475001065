// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/elf_file.hpp"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace triptych::coroutine::probes {
namespace {

constexpr std::uint64_t kMostBytes = 256ull << 20;  // that are looked at, at a time

template <class T>
std::vector<T> table_of(std::span<const std::byte> bytes) {
  std::vector<T> table(bytes.size() / sizeof(T));
  if (!table.empty()) std::memcpy(table.data(), bytes.data(), table.size() * sizeof(T));
  return table;
}

}  // namespace

std::optional<std::string_view> text_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return std::nullopt;
  const auto* begin = reinterpret_cast<const char*>(bytes.data()) + offset;
  const std::size_t most = bytes.size() - static_cast<std::size_t>(offset);
  const std::size_t size = ::strnlen(begin, most);
  if (size == most) return std::nullopt;
  return std::string_view(begin, size);
}

Result<ElfFile> ElfFile::open(UniqueFd file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno("look at the program", errno);
  if (!S_ISREG(status.st_mode)) return fail("not a file");
  ElfFile elf(std::move(file), static_cast<std::uint64_t>(status.st_size));
  const auto bytes = elf.read(0, sizeof(Elf64_Ehdr));
  Elf64_Ehdr header{};
  if (bytes) std::memcpy(&header, bytes->data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return fail("not an ELF program");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64) {
    return fail("not a 64-bit x86 program");
  }
  if (header.e_phentsize == sizeof(Elf64_Phdr)) {
    TRIPTYCH_TRY(elf.read_segments(header.e_phoff, header.e_phnum));
  }
  if (header.e_shentsize == sizeof(Elf64_Shdr)) {
    TRIPTYCH_TRY(elf.read_sections(header.e_shoff, header.e_shnum, header.e_shstrndx));
  }
  return elf;
}

Result<void> ElfFile::read_segments(std::uint64_t offset, std::uint16_t count) {
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, read(offset, count * sizeof(Elf64_Phdr)));
  for (const auto& each : table_of<Elf64_Phdr>(bytes)) {
    if (each.p_type != PT_LOAD) continue;
    const Segment segment{each.p_vaddr, each.p_offset, each.p_filesz};
    if ((each.p_flags & PF_X) != 0) code_.push_back(segment);
    if ((each.p_flags & (PF_X | PF_W)) == PF_W) variables_.push_back(segment);
  }
  return {};
}

Result<void> ElfFile::read_sections(std::uint64_t offset, std::uint16_t count,
                                    std::uint16_t names) {
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> bytes, read(offset, count * sizeof(Elf64_Shdr)));
  const auto table = table_of<Elf64_Shdr>(bytes);
  if (names >= table.size()) return {};  // stripped of them
  TRIPTYCH_TRY_ASSIGN(const std::vector<std::byte> texts,
                      read(table[names].sh_offset, table[names].sh_size));
  for (const Elf64_Shdr& each : table) {
    const auto name = text_at(texts, each.sh_name);
    const bool has_bytes = each.sh_type != SHT_NOBITS;
    sections_.push_back({.name = std::string(name.value_or(std::string_view())),
                         .type = each.sh_type,
                         .address = each.sh_addr,
                         .offset = each.sh_offset,
                         .size = has_bytes ? each.sh_size : 0,
                         .link = each.sh_link});
  }
  return {};
}

const Section* ElfFile::section(std::string_view name) const {
  for (const Section& each : sections_) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

Result<std::vector<std::byte>> ElfFile::read(std::uint64_t offset, std::uint64_t size) const {
  if (size > kMostBytes || offset > size_ || size > size_ - offset)
    return fail("a damaged program");
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file_.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read the program", errno);
    if (got == 0) return fail("a damaged program");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

std::vector<std::byte> ElfFile::code(std::uint64_t address, std::uint64_t most) const {
  for (const Segment& each : code_) {
    if (address < each.address || address - each.address >= each.size) continue;
    const std::uint64_t offset = each.offset + (address - each.address);
    if (offset < each.offset || offset >= size_) continue;
    const std::uint64_t left = std::min(each.size - (address - each.address), size_ - offset);
    auto bytes = read(offset, std::min(left, most));
    return bytes ? std::move(*bytes) : std::vector<std::byte>();
  }
  return {};
}

std::optional<std::uint64_t> ElfFile::code_address(std::uint64_t offset) const {
  for (const Segment& each : code_) {
    if (offset >= each.offset && offset - each.offset < each.size) {
      return each.address + (offset - each.offset);
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> ElfFile::code_offset(std::uint64_t address) const {
  return offset_in(code_, address);
}

std::optional<std::uint64_t> ElfFile::variable_offset(std::uint64_t address) const {
  return offset_in(variables_, address);
}

std::optional<std::uint64_t> ElfFile::offset_in(const std::vector<Segment>& segments,
                                                std::uint64_t address) const {
  for (const Segment& each : segments) {
    if (address < each.address || address - each.address >= each.size) continue;
    const std::uint64_t offset = each.offset + (address - each.address);
    if (offset >= each.offset && offset < size_) return offset;
  }
  return std::nullopt;
}

}  // namespace triptych::coroutine::probes
