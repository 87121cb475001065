// SPDX-License-Identifier: Apache-2.0
//
// A file that a reader may be given: opened by us, who may see more than it, and looked at no
// further than what it is.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::coroutine::reader {

struct ProgramFile {
  UniqueFd file;
  std::uint64_t device = 0, inode = 0, size = 0;
  // It begins as programs do. What does not is given to nobody: a target chooses what lies at a
  // path, and it may have chosen a file that the reader's user must not see.
  bool may_be_program = false;

  [[nodiscard]] int fd() const { return file.get(); }
};

// An error for what is no regular file.
Result<ProgramFile> as_program_file(UniqueFd file);

// Without opening what is no regular file: opening a device or a pipe may do or wait for something.
Result<ProgramFile> open_program_file(const std::string& path);
// The same, by a path as who has this root sees it.
Result<ProgramFile> open_program_file_in(const UniqueFd& root, const std::string& path);

}  // namespace triptych::coroutine::reader
