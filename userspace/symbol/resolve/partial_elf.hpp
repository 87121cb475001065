// SPDX-License-Identifier: Apache-2.0
//
// Some sections of a program's file, as a small file in memory for elfutils: what the file says of
// itself is checked here, and sizes are bounded, before anybody else sees it.
#pragma once

#include <libelf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "symbol/resolve/image.hpp"

namespace triptych::symbol::resolve {

class PartialElf {
 public:
  // How many bytes those of these sections take that are there, with what becomes of those that are
  // compressed.
  static std::uint64_t size_of(const Image& image, std::span<const std::string_view> names);
  // None: not one of them is there, or they take more than `most` bytes.
  static std::optional<PartialElf> take(const Image& image, std::span<const std::string_view> names,
                                        std::size_t most);

  [[nodiscard]] Elf* get() const { return elf_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }  // as size_of()

 private:
  struct End {
    void operator()(Elf* elf) const { ::elf_end(elf); }
  };
  std::vector<char> bytes_;  // outlives elf_
  std::size_t size_ = 0;
  std::unique_ptr<Elf, End> elf_;
};

}  // namespace triptych::symbol::resolve
