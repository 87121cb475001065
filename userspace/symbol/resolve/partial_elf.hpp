// SPDX-License-Identifier: Apache-2.0
//
// Some sections of a program's file, as a small file in memory for elfutils: what the file says of
// itself is checked here, and sizes are bounded, before anybody else sees it.
#pragma once

#include <libelf.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "symbol/resolve/image.hpp"

namespace triptych::symbol::resolve {

class PartialElf {
 public:
  // Those of these sections that are there; none: not one is, or they are larger than `most` bytes
  // together, those that are compressed as large as they become.
  static std::optional<PartialElf> take(const Image& image,
                                        std::initializer_list<std::string_view> names,
                                        std::size_t most);

  [[nodiscard]] Elf* get() const { return elf_.get(); }
  [[nodiscard]] std::size_t size() const { return size_; }  // as in `most`

 private:
  struct End {
    void operator()(Elf* elf) const { ::elf_end(elf); }
  };
  std::vector<char> bytes_;  // outlives elf_
  std::size_t size_ = 0;
  std::unique_ptr<Elf, End> elf_;
};

}  // namespace triptych::symbol::resolve
