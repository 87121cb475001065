// SPDX-License-Identifier: Apache-2.0
//
// The file that a recording goes to, made so that recording as root cannot be turned against
// anybody: everything is done with the file rights of the user whom the file is for, nobody else's
// symbolic link is followed, nothing but an earlier trace of that user is ever moved, and nothing
// is overwritten.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "launch/user.hpp"

namespace triptych::record {

class OutputFile {
 public:
  // Checks that `path` may become a new trace and creates the file, mode 0600, in the same
  // directory: without a name, so that nothing remains of it however we end, or under a temporary
  // one where the file system knows no files without. What stands at `path` is not touched yet.
  static Result<OutputFile> create(const std::string& path, const launch::User& owner);

  OutputFile(OutputFile&&) noexcept = default;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();  // removes the file, unless publish() succeeded

  // Another descriptor of the file, for the one who writes it.
  [[nodiscard]] Result<UniqueFd> writing_end() const;

  // Gives the file its name; an earlier trace there becomes `path`.old, which it replaces.
  Result<void> publish();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  OutputFile() = default;
  Result<void> check_target() const;
  Result<void> create_file();
  [[nodiscard]] bool create_without_name();
  [[nodiscard]] Result<bool> is_own_trace(
      const std::string& name) const;  // false: nothing is there

  std::string path_;            // as the user wrote it
  std::string name_;            // its last component
  std::string temporary_name_;  // empty: it has none
  launch::User owner_;
  UniqueFd directory_;
  UniqueFd file_;
};

}  // namespace triptych::record
