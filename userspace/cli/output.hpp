// SPDX-License-Identifier: Apache-2.0
//
// Where results go: standard output, or a file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace triptych::cli {

// A text is written whenever it has become so long.
inline constexpr std::size_t kFlushBytes = 1u << 18;

class Output {
 public:
  // An empty path or "-" is standard output. A regular file is written beside its place and moved
  // there by finish(); a device or pipe is written as it is. `input` is never overwritten, and
  // another user's link is not followed.
  static Result<Output> open(const std::string& path, const std::string& input);

  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();  // removes what was not finished

  Result<void> write(std::string_view text);
  Result<void> finish();

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Output() = default;

  UniqueFd fd_;
  std::string path_;       // as asked for; empty: standard output
  std::string temporary_;  // not empty: is to become path_
};

// A page is of no use there. `path` as in Output::open.
Result<void> refuse_terminal(const std::string& path);

}  // namespace triptych::cli
