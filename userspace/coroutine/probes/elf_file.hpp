// SPDX-License-Identifier: Apache-2.0
//
// What a program's file says of itself, as far as probes need it. The file is anybody's: nothing in
// it is believed, no length leads to an allocation that the file itself does not have bytes for,
// and it is read, never mapped, because who can write to it could cut it short under a mapping.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::coroutine::probes {

struct Section {
  std::string name;
  std::uint32_t type = 0;
  std::uint64_t address = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
};

class ElfFile {
 public:
  // An error for what is no 64-bit x86 program or library.
  static Result<ElfFile> open(UniqueFd file);

  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }
  [[nodiscard]] const Section* section(std::string_view name) const;

  // All of it, or an error when the file ends before.
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint64_t offset, std::uint64_t size) const;
  [[nodiscard]] Result<std::vector<std::byte>> read(const Section& section) const {
    return read(section.offset, section.size);
  }

  // Code from this address on, `most` bytes or as many as the segment and the file have.
  [[nodiscard]] std::vector<std::byte> code(std::uint64_t address, std::uint64_t most) const;

  // The address of the code at this place of the file.
  [[nodiscard]] std::optional<std::uint64_t> code_address(std::uint64_t offset) const;
  // Where the file has the code of this address.
  [[nodiscard]] std::optional<std::uint64_t> code_offset(std::uint64_t address) const;
  // Where it has what the variable at this address begins with.
  [[nodiscard]] std::optional<std::uint64_t> variable_offset(std::uint64_t address) const;

 private:
  struct Segment {
    std::uint64_t address;
    std::uint64_t offset;
    std::uint64_t size;
  };
  ElfFile(UniqueFd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  [[nodiscard]] std::optional<std::uint64_t> offset_in(const std::vector<Segment>& segments,
                                                       std::uint64_t address) const;
  Result<void> read_segments(std::uint64_t offset, std::uint16_t count);
  Result<void> read_sections(std::uint64_t offset, std::uint16_t count, std::uint16_t names);

  UniqueFd file_;
  std::uint64_t size_;
  std::vector<Segment> code_;
  std::vector<Segment> variables_;
  std::vector<Section> sections_;
};

// The text that begins at `offset` and ends with a zero; none when it does not end.
std::optional<std::string_view> text_at(std::span<const std::byte> bytes, std::uint64_t offset);

}  // namespace triptych::coroutine::probes
