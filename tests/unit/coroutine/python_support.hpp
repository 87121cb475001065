// SPDX-License-Identifier: Apache-2.0
//
// The system's own Python, and what may be left of its files.
#pragma once

#include <glob.h>

#include <fstream>
#include <functional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>

#include "coroutine/probes/elf_file.hpp"
#include "support/memory_file.hpp"

namespace triptych::test {

// Empty: there is none of that name.
inline std::string bytes_of_first(const char* pattern) {
  glob_t found{};
  std::string path;
  if (::glob(pattern, 0, nullptr, &found) == 0) path = found.gl_pathv[0];
  ::globfree(&found);
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

inline std::string system_interpreter() {
  return bytes_of_first("/usr/bin/python3.1*[0-9]");
}

inline Result<coroutine::probes::ElfFile> open_elf(const std::string& bytes) {
  return coroutine::probes::ElfFile::open(MemoryFile(std::string_view(bytes)).fd());
}

// Cut anywhere, or with bytes that are others.
inline void damage(const std::string& bytes, const std::function<void(const std::string&)>& use) {
  std::mt19937 random(1);
  const auto any = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (int i = 0; i < 200; ++i) use(bytes.substr(0, any(bytes.size())));
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    for (int changes = 0; changes < 20; ++changes) {
      damaged[any(2) == 0 ? any(0x4000) : any(damaged.size())] = static_cast<char>(any(256));
    }
    use(damaged);
  }
}

}  // namespace triptych::test
