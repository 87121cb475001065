// SPDX-License-Identifier: Apache-2.0
#include "coroutine/discover/cpp_names.hpp"

#include <charconv>
#include <utility>

namespace triptych::coroutine::discover {
namespace {

constexpr std::size_t kMostCoroutines = 4096;
constexpr std::uint64_t kMostCode = 1 << 20;  // of one function

bool cut_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

// What link-time optimisation adds to the names of local functions: ".lto_priv.0".
void cut_number(std::string_view& name, std::string_view what) {
  const std::size_t found = name.rfind(what);
  if (found == std::string_view::npos) return;
  const std::string_view rest = name.substr(found + what.size());
  if (rest.find_first_not_of("0123456789") == std::string_view::npos) name = name.substr(0, found);
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

}  // namespace

std::string_view gcc_function_name(std::string_view symbol) {
  std::string_view name = symbol;
  if (!cut_end(name, ".Frame")) return symbol;
  for (std::size_t at = symbol.find("_Z", 1); at != std::string_view::npos;
       at = symbol.find("_Z", at + 1)) {
    std::size_t digits = at;
    while (digits > 0 && is_digit(symbol[digits - 1])) --digits;
    std::size_t size = 0;
    std::from_chars(symbol.data() + digits, symbol.data() + at, size);
    if (digits != at && size == symbol.size() - at) return name.substr(at);
  }
  return symbol;
}

void CppNames::add(const Symbol& symbol) {
  if (symbol.size == 0 || symbol.size > kMostCode) return;
  const CodeRange range{symbol.address, symbol.size};
  std::string_view name = symbol.name;
  cut_number(name, ".lto_priv.");
  const bool cold = cut_end(name, ".cold");
  cut_number(name, ".lto_priv.");
  const bool by_gcc = cut_end(name, ".actor");
  const bool resumes = by_gcc || cut_end(name, ".resume");
  const bool destroys = !resumes && (cut_end(name, ".destroy") || cut_end(name, ".cleanup"));
  if (!resumes && (!destroys || cold)) return;
  auto found = by_symbol_.find(name);
  if (found == by_symbol_.end()) {
    if (by_symbol_.size() == kMostCoroutines) return;
    found = by_symbol_.emplace(std::string(name), CppCoroutine()).first;
  }
  CppCoroutine& coroutine = found->second;
  if (cold) {
    coroutine.cold.push_back(range);
  } else if (destroys) {
    coroutine.destroys.push_back(range);
  } else {
    coroutine.resume = range;
    coroutine.by_gcc = by_gcc;
  }
}

std::vector<CppCoroutine> CppNames::coroutines() const {
  std::vector<CppCoroutine> whole;
  for (const auto& [symbol, each] : by_symbol_) {
    if (each.resume.size == 0 || each.destroys.empty()) continue;
    CppCoroutine coroutine = each;
    coroutine.name = each.by_gcc ? std::string(gcc_function_name(symbol)) : symbol;
    whole.push_back(std::move(coroutine));
  }
  return whole;
}

}  // namespace triptych::coroutine::discover
