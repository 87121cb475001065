// SPDX-License-Identifier: Apache-2.0
#include "base/demangle_cpp.hpp"

#include <array>
#include <cstddef>

#include "base/bounded_demangle.h"

namespace triptych {
namespace {

constexpr std::size_t kMostCppLetters = 8192;
// What is read is kept on the stack, 64 bytes a letter.
constexpr std::size_t kMostMangledCpp = 4096;

}  // namespace

std::optional<std::string> demangle_cpp(const std::string& mangled) {
  if (mangled.size() > kMostMangledCpp) return std::nullopt;
  std::array<char, kMostCppLetters> plain;
  const std::size_t letters = triptych_demangle_cpp(mangled.c_str(), plain.data(), plain.size());
  if (letters == 0) return std::nullopt;
  return std::string(plain.data(), letters);
}

}  // namespace triptych
