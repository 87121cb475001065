// SPDX-License-Identifier: Apache-2.0
//
// The names of the running kernel's functions, by address.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace triptych::symbol::capture {

class KernelNames {
 public:
  // /proc/kallsyms, whose addresses only root is shown. What cannot be read has no names.
  static KernelNames read();
  // The same from its text.
  static KernelNames parse(std::string_view text);

  struct Place {
    std::size_t symbol = 0;  // for name() and module()
    std::uint64_t offset = 0;
  };
  [[nodiscard]] std::optional<Place> find(std::uint64_t address) const;
  [[nodiscard]] std::string_view name(std::size_t symbol) const;
  [[nodiscard]] std::string_view module(std::size_t symbol) const;  // empty: the kernel itself
  [[nodiscard]] std::size_t size() const { return symbols_.size(); }

 private:
  struct Symbol {
    std::uint64_t address = 0;
    std::uint32_t name = 0;  // in text_, from here to the line's end
    std::uint16_t name_length = 0;
    std::uint16_t module_length = 0;  // behind the name, a tab and a bracket
  };
  void add(std::string_view line, std::size_t at);

  std::string text_;
  std::vector<Symbol> symbols_;  // by address
};

}  // namespace triptych::symbol::capture
