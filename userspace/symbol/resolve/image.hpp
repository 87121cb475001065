// SPDX-License-Identifier: Apache-2.0
//
// The bytes of a program or library. They are anybody's: nothing in them is believed, and a file is
// read, never mapped, because who can write to it could cut it short under a mapping.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/unique_fd.hpp"

namespace triptych::symbol::resolve {

class Image {
 public:
  // A regular file; opening it neither waits nor touches what is no file. Invalid: there is none,
  // it may not be read, or it is too large to be a program.
  static Image open(const std::string& path);
  // The same, as the process has it: below its root, which no link leads out of.
  static Image open_as_seen_by(pid_t process, const std::string& path);
  // Memory that outlives the image.
  static Image of(std::span<const std::byte> memory);

  [[nodiscard]] explicit operator bool() const { return size_ != 0; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::uint64_t inode() const { return inode_; }  // 0: memory
  [[nodiscard]] std::uint32_t owner() const { return owner_; }  // user id

  // All of `to`, or false.
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> to) const;
  template <class T>
  [[nodiscard]] bool read(std::uint64_t offset, T& to) const {
    return read(offset, std::as_writable_bytes(std::span(&to, 1)));
  }
  // The text that ends with a zero, or at `most` bytes.
  [[nodiscard]] std::string text(std::uint64_t offset, std::size_t most) const;

  // One that is owned by another user than we are, or is a link, is not there.
  static Image open_own(const std::string& path);

 private:
  static Image open(const std::string& path, int flags);
  static Image of_file(UniqueFd file);

  UniqueFd file_;
  std::span<const std::byte> memory_;
  std::uint64_t size_ = 0;
  std::uint64_t inode_ = 0;
  std::uint32_t owner_ = 0;
};

}  // namespace triptych::symbol::resolve
