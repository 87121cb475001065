// SPDX-License-Identifier: Apache-2.0
//
// Cells that run one after the other inside one recording: starting and ending a recording takes a
// quarter of a second, a cell a hundredth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "compare/cell_run.hpp"
#include "compare/trace_windows.hpp"
#include "launch/user.hpp"

namespace triptych::compare {

struct RecordedCell {
  std::optional<CellRun> run;  // none when it failed
  std::string failure;
  CellWindows windows;
};

struct RecordedBatch {
  std::vector<RecordedCell> cells;
  std::uint64_t lost = 0;
};

// Where traces are put: a directory that stays, or one that goes with this object.
class TraceDirectory {
 public:
  // An empty path: a new directory among the temporary files, removed at the end. `owner` will
  // write there.
  static Result<TraceDirectory> open(const std::string& path,
                                     const std::optional<launch::User>& owner);
  TraceDirectory(TraceDirectory&& other) noexcept;
  TraceDirectory& operator=(TraceDirectory&&) = delete;
  ~TraceDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool kept() const { return kept_; }

 private:
  TraceDirectory() = default;
  std::string path_;
  bool kept_ = true;
};

// Each of `commands` is an argument list that runs one cell with a control run. `program` is
// triptych; the trace is written to `trace`, and removed afterwards unless `keep`.
Result<RecordedBatch> record_batch(const std::string& program,
                                   const std::vector<std::vector<std::string>>& commands,
                                   const std::string& trace, bool keep);

// For tests: what the recorded shell executes, and what it says.
std::string driver_script(const std::string& program,
                          const std::vector<std::vector<std::string>>& commands);
struct CellOutput {
  int exit_status = -1;  // -1: it did not run
  std::string text;
};
std::vector<CellOutput> split_output(const std::string& text, std::size_t cells);

}  // namespace triptych::compare
