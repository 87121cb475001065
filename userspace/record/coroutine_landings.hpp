// SPDX-License-Identifier: Apache-2.0
//
// Probes where coroutines have been seen to return to, found as they are met. Somebody of its own
// reads the files for it, so that no large file which is looked into keeps a landing waiting.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "launch/user.hpp"
#include "probe/session.hpp"
#include "record/coroutine_finder.hpp"

namespace triptych::record {

class CoroutineLandings {
 public:
  // Only while this process has one thread. `dear_ones`: where no place is cheap, they do.
  Result<void> start(const launch::User& caller, bool dear_ones);
  void stop() { reader_.reset(); }
  [[nodiscard]] std::uint64_t cpu_ns() const { return reader_ ? reader_->cpu_ns() : 0; }

  // Whether a probe is there now. A file's place among `files` never changes.
  bool cover(probe::CoroutinePrograms& programs, const std::vector<ProbedFile>& files,
             const triptych_cpp_return& place);
  // What there is to say since it was asked last.
  std::vector<std::string> take_news();

 private:
  void tell_uncovered(const ProbedFile& file);

  std::unique_ptr<coroutine::reader::ProgramReader> reader_;  // null: it was not started, or ended
  bool dear_ones_ = false;
  std::set<std::string> uncovered_;  // files that were told to have no place where one returns to
  std::vector<std::string> news_;
};

}  // namespace triptych::record
