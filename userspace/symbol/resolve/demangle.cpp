// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/demangle.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/demangle_rust.hpp"

namespace triptych::symbol::resolve {
namespace {

// A name says its parts again by number, so that a short one can stand for one without end.
constexpr std::size_t kMostMangled = 1024;
constexpr std::size_t kMostNumbers = 200;
constexpr std::size_t kMostPlain = 4096;

struct Free {
  void operator()(char* text) const { std::free(text); }
};

}  // namespace

std::string demangle(const std::string& name) {
  if (name.starts_with("_R") && name.size() <= kMostMangled) {
    return demangle_rust(name).value_or(name);
  }
  const auto numbers = static_cast<std::size_t>(
      std::count_if(name.begin(), name.end(), [](char c) { return c == 'S' || c == 'T'; }));
  if (!name.starts_with("_Z") || name.size() > kMostMangled || numbers > kMostNumbers) return name;
  int status = 0;
  const std::unique_ptr<char, Free> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
  if (status != 0 || !plain) return name;
  std::string result = tidy_older_rust(plain.get());
  if (result.size() > kMostPlain) result.resize(kMostPlain);
  return result;
}

}  // namespace triptych::symbol::resolve
