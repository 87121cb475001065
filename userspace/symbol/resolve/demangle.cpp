// SPDX-License-Identifier: Apache-2.0
#include "symbol/resolve/demangle.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace triptych::symbol::resolve {
namespace {

// A name says its parts again by number, so that a short one can stand for one without end.
constexpr std::size_t kMostMangled = 1024;
constexpr std::size_t kMostNumbers = 200;
constexpr std::size_t kMostPlain = 4096;

struct Free {
  void operator()(char* text) const { std::free(text); }
};

// "core::fmt::write::h0123456789abcdef": what Rust adds so that names of two versions differ.
void drop_rust_hash(std::string& name) {
  constexpr std::size_t kLength = 19;
  if (name.size() <= kLength) return;
  const std::string_view tail = std::string_view(name).substr(name.size() - kLength);
  if (!tail.starts_with("::h")) return;
  const bool is_hash = std::all_of(tail.begin() + 3, tail.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (is_hash) name.resize(name.size() - kLength);
}

}  // namespace

std::string demangle(const std::string& name) {
  const auto numbers = static_cast<std::size_t>(
      std::count_if(name.begin(), name.end(), [](char c) { return c == 'S' || c == 'T'; }));
  if (!name.starts_with("_Z") || name.size() > kMostMangled || numbers > kMostNumbers) return name;
  int status = 0;
  const std::unique_ptr<char, Free> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status));
  if (status != 0 || !plain) return name;
  std::string result(plain.get());
  drop_rust_hash(result);
  if (result.size() > kMostPlain) result.resize(kMostPlain);
  return result;
}

}  // namespace triptych::symbol::resolve
