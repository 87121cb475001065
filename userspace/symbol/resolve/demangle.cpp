// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/demangle.hpp"

#include <cstddef>
#include <optional>

#include "base/demangle_cpp.hpp"
#include "base/demangle_rust.hpp"

namespace triptych::symbol::resolve {
namespace {

constexpr std::size_t kMostMangled = 1024;
constexpr std::size_t kMostPlain = 4096;

}  // namespace

std::string demangle(const std::string& name) {
  if (name.size() > kMostMangled) return name;
  if (name.starts_with("_R")) return demangle_rust(name).value_or(name);
  if (!name.starts_with("_Z")) return name;
  const std::optional<std::string> plain = demangle_cpp(name);
  if (!plain) return name;
  std::string result = tidy_older_rust(*plain);
  if (result.size() > kMostPlain) result.resize(kMostPlain);
  return result;
}

}  // namespace triptych::symbol::resolve
