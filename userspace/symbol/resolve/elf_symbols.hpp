// SPDX-License-Identifier: Apache-2.0
//
// The functions of a 64-bit x86 program or library, by address. Memory is 16 bytes a function, up
// to a limit: names stay in the file until one is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "symbol/resolve/image.hpp"

namespace triptych::symbol::resolve {

class ElfSymbols {
 public:
  // None for what is no such file.
  static std::optional<ElfSymbols> open(Image image);

  [[nodiscard]] const std::vector<std::uint8_t>& build_id() const { return build_id_; }
  [[nodiscard]] std::uint64_t inode() const { return image_.inode(); }
  [[nodiscard]] const Image& image() const { return image_; }
  // That there are; as many as there may be, as long as the table is yet to be read.
  [[nodiscard]] std::size_t functions() const;

  // Where the program begins, if it is one.
  [[nodiscard]] std::uint64_t entry() const { return entry_; }
  // The address that the code at this place of the file is linked for; none: there is no code.
  [[nodiscard]] std::optional<std::uint64_t> address_of(std::uint64_t file_offset) const;

  // The same of a file of debug information, which has the addresses of code and not its place in
  // the file: what lies so far behind the beginning of a mapping of this size, if it is the only
  // one of code.
  [[nodiscard]] std::optional<std::uint64_t> address_in_mapping(std::uint64_t offset,
                                                                std::uint64_t size) const;

  struct Function {
    std::string name;          // as the compiler has it
    std::uint64_t offset = 0;  // of the address, in the function
    std::uint64_t size = 0;    // 0: not known
  };
  // Reads the table of symbols first, when it is asked for the first time.
  [[nodiscard]] std::optional<Function> function_at(std::uint64_t address);

 private:
  struct Segment {
    std::uint64_t offset;
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t in_memory;
  };
  struct Symbol {
    std::uint64_t address;
    std::uint32_t size;
    std::uint32_t
        name;  // where it is told; kLocal besides, of what the linker sees in its own file only
  };
  struct Table {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t names = 0;  // where the names begin
  };
  explicit ElfSymbols(Image image) : image_(std::move(image)) {}
  bool read_header();
  void read_segments(std::uint64_t offset, std::uint16_t count);
  void read_notes(std::uint64_t offset, std::uint64_t size);
  void find_table(std::uint64_t offset, std::uint16_t count);
  void read_table();
  [[nodiscard]] std::string name_of(const Symbol& symbol) const;
  [[nodiscard]] std::string best_name(const Symbol* first, const Symbol* end) const;
  template <class F>
  void each_function(F visit) const;

  Image image_;
  std::vector<Segment> code_;
  std::vector<std::uint8_t> build_id_;
  std::optional<Table> table_;
  std::uint64_t entry_ = 0;
  bool read_ = false;
  std::vector<Symbol> functions_;  // by address
};

}  // namespace triptych::symbol::resolve
