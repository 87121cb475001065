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
  if (!opened) {
    reason = "not there, not readable, or no program";
    return opened;
  }
  const bool known = !file.build_id.empty() || file.inode != 0;
  const bool same = file.build_id.empty() ? !known || opened->inode() == file.inode
                                          : opened->build_id() == file.build_id;
  if (!same) {
    reason = "not the file that was mapped";
    opened.reset();
  }
  return opened;
}

}  // namespace triptych::symbol::resolve
