// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/demangle.hpp"

#include <cstddef>

#include "base/demangle_cpp.hpp"
#include "base/demangle_rust.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kMostLetters = 1024;  // of a name that is read

std::string readable_name(const std::string& name) {
  if (name.size() > kMostLetters) return name;
  return (name.starts_with("_R") ? demangle_rust(name) : demangle_cpp(name)).value_or(name);
}

}  // namespace

std::vector<std::string> demangled(const std::vector<std::string>& names) {
  std::vector<std::string> readable;
  readable.reserve(names.size());
  for (const std::string& name : names) readable.push_back(readable_name(name));
  return readable;
}

}  // namespace triptych::coroutine::discover
