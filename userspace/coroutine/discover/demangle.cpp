// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/demangle.hpp"

#include <cstddef>

#include "base/demangle_cpp.hpp"
#include "base/demangle_rust.hpp"

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kMostLetters = 1024;  // of a name that is read

}  // namespace

std::string demangled(const std::string& name) {
  if (name.size() > kMostLetters) return name;
  return (name.starts_with("_R") ? demangle_rust(name) : demangle_cpp(name)).value_or(name);
}

}  // namespace triptych::coroutine::discover
