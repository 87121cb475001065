// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/code_file.hpp"

#include <sys/utsname.h>

#include <cinttypes>
#include <cstdio>
#include <fstream>

namespace triptych::symbol::resolve {
namespace {

// This process's own: another one's of the same kernel is no different.
Image own_vdso() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t start = 0, end = 0;
    if (!line.ends_with("[vdso]")) continue;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &start, &end) != 2) continue;
    return Image::of({reinterpret_cast<const std::byte*>(start), end - start});
  }
  return {};
}

bool is_same_kernel(const std::string& release) {
  utsname names{};
  return ::uname(&names) == 0 && release == names.release;
}

bool is_told_apart(const analyze::CodeFile& file) {
  return !file.build_id.empty() || file.inode != 0;
}

bool is_mapped_one(const ElfSymbols& opened, const analyze::CodeFile& file) {
  if (!file.build_id.empty()) return opened.build_id() == file.build_id;
  return file.inode == 0 || opened.inode() == file.inode;
}

}  // namespace

std::optional<ElfSymbols> open_code_file(const analyze::CodeFile& file, const std::string& kernel,
                                         std::string_view& reason) {
  std::optional<ElfSymbols> opened;
  if (file.path == "[vdso]") {
    if (is_same_kernel(kernel)) opened = ElfSymbols::open(own_vdso());
    if (!opened) reason = "of another kernel";
    return opened;
  }
  if (!file.path.starts_with('/') || file.path.starts_with("//") || file.path_cut) return opened;
  opened = ElfSymbols::open(Image::open(file.path));
  if (opened && is_mapped_one(*opened, file)) return opened;
  reason = opened ? "not the file that was mapped" : "not there, not readable, or no program";
  opened.reset();
  // In a container the path means another file, as long as somebody runs there.
  if (file.tgid == 0 || !is_told_apart(file)) return opened;
  opened = ElfSymbols::open(Image::open_as_seen_by(file.tgid, file.path));
  if (opened && !is_mapped_one(*opened, file)) opened.reset();
  if (opened) reason = {};
  return opened;
}

}  // namespace triptych::symbol::resolve
