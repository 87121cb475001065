// SPDX-License-Identifier: Apache-2.0
//
// Who calls what, as far as the bytes of a program's code tell without taking them apart: calls and
// jumps to one address are five bytes that hardly ever are anything else.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coroutine/discover/dynamic_symbols.hpp"
#include "coroutine/probes/elf_file.hpp"

namespace triptych::coroutine::discover {

// endbr64: what a function begins with where only such may be called indirectly.
inline constexpr std::array kEndbr = {std::byte{0xf3}, std::byte{0x0f}, std::byte{0x1e},
                                      std::byte{0xfa}};

class CodeSearch {
 public:
  // All sections that are code.
  static Result<CodeSearch> read(const probes::ElfFile& file);

  // Addresses of the instructions `call target`, and `jmp target` of five bytes.
  [[nodiscard]] std::vector<std::uint64_t> calls(std::uint64_t target) const;
  [[nodiscard]] std::vector<std::uint64_t> jumps(std::uint64_t target) const;
  // Of `call *slot(%rip)`, six bytes.
  [[nodiscard]] std::vector<std::uint64_t> calls_through(std::uint64_t slot) const;
  // Of the stubs that jump to wherever the slot points (the PLT's).
  [[nodiscard]] std::vector<std::uint64_t> stubs(std::uint64_t slot) const;
  // Where the code has these bytes; one that is none may be any.
  [[nodiscard]] std::vector<std::uint64_t> matches(
      std::span<const std::optional<std::byte>> bytes) const;
  // At most `size` bytes of code from this address on.
  [[nodiscard]] std::span<const std::byte> at(std::uint64_t address, std::size_t size) const;

 private:
  struct Part {
    std::uint64_t address;
    std::vector<std::byte> bytes;
    bool is_stubs;
  };
  [[nodiscard]] std::vector<std::uint64_t> find(std::span<const std::byte> instruction,
                                                std::uint64_t target) const;

  std::vector<Part> parts_;
};

}  // namespace triptych::coroutine::discover
