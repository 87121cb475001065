// SPDX-License-Identifier: Apache-2.0
#include "symbol/capture/kernel_names.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>

namespace triptych::symbol::capture {
namespace {

// No function of the kernel's is longer: what lies farther behind a name is not that name's.
constexpr std::uint64_t kLongestFunction = 1u << 20;
constexpr std::size_t kMostText = std::size_t{256} << 20;

std::string read_all(const char* path) {
  std::string text;
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return text;
  std::size_t size = 0;
  do {
    text.resize(size + (std::size_t{1} << 20));
    const std::size_t got = std::fread(text.data() + size, 1, text.size() - size, file);
    if (got == 0) break;
    size += got;
  } while (size < kMostText);
  std::fclose(file);
  text.resize(size);
  return text;
}

bool is_function(char type) {
  return type == 't' || type == 'T' || type == 'w' || type == 'W';
}

}  // namespace

// "ffffffff81000000 T _text", "ffffffffc0000000 t helper\t[module]"
void KernelNames::add(std::string_view line, std::size_t at) {
  Symbol symbol;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, symbol.address, 16);
  if (error != std::errc{} || end - stop < 4 || stop[0] != ' ' || stop[2] != ' ') return;
  if (symbol.address == 0 || !is_function(stop[1])) return;
  const std::size_t name_at = static_cast<std::size_t>(stop - line.data()) + 3;
  const std::string_view name = line.substr(name_at, line.find('\t') - name_at);
  const std::size_t bracket = line.find("\t[", name_at);
  std::size_t module = 0;
  if (bracket != line.npos && line.ends_with(']')) module = line.size() - bracket - 3;
  constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();
  if (name.empty() || name.size() > kMost || module > kMost) return;
  if (at + name_at > std::numeric_limits<std::uint32_t>::max()) return;
  symbol.name = static_cast<std::uint32_t>(at + name_at);
  symbol.name_length = static_cast<std::uint16_t>(name.size());
  symbol.module_length = static_cast<std::uint16_t>(module);
  symbols_.push_back(symbol);
}

KernelNames KernelNames::parse(std::string_view text) {
  KernelNames names;
  names.text_ = text;
  const std::string_view all = names.text_;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    names.add(all.substr(at, end - at), at);
    at = end + 1;
  }
  std::stable_sort(names.symbols_.begin(), names.symbols_.end(),
                   [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
  return names;
}

KernelNames KernelNames::read() {
  return parse(read_all("/proc/kallsyms"));
}

std::optional<KernelNames::Place> KernelNames::find(std::uint64_t address) const {
  auto after = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                [](std::uint64_t at, const Symbol& s) { return at < s.address; });
  if (after == symbols_.begin()) return std::nullopt;
  // Of several names at one address, the first that the kernel lists.
  const auto found =
      std::lower_bound(symbols_.begin(), after, std::prev(after)->address,
                       [](const Symbol& s, std::uint64_t at) { return s.address < at; });
  if (address - found->address >= kLongestFunction) return std::nullopt;
  return Place{static_cast<std::size_t>(found - symbols_.begin()), address - found->address};
}

std::string_view KernelNames::name(std::size_t symbol) const {
  return std::string_view(text_).substr(symbols_[symbol].name, symbols_[symbol].name_length);
}

std::string_view KernelNames::module(std::size_t symbol) const {
  const Symbol& it = symbols_[symbol];
  if (it.module_length == 0) return {};
  return std::string_view(text_).substr(it.name + it.name_length + std::size_t{2},
                                        it.module_length);
}

}  // namespace triptych::symbol::capture
