// SPDX-License-Identifier: Apache-2.0
//
// Looks into programs' files without reading them: a confined child does that, and is believed no
// more than the files are. An error is one of the reader's, which has ended then and stays so; what
// is wrong with a file is in the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string_view>

#include "base/error.hpp"
#include "coroutine/reader/confined_child.hpp"
#include "coroutine/reader/program_file.hpp"
#include "coroutine/reader/questions.hpp"

namespace triptych::coroutine::reader {

class ProgramReader {
 public:
  // Only while this process has one thread.
  static Result<std::unique_ptr<ProgramReader>> start(const Rights& rights);

  Result<Examined> examine(const ProgramFile& file, const Wanted& wanted);
  // `symbol`: that the file may export.
  Result<PythonPart> look_for_python(const ProgramFile& file, std::string_view symbol);
  // The module may have nothing that is understood, which is the inner error.
  Result<Result<discover::Discovery>> look_into_module(const ProgramFile& module,
                                                       const ModuleQuestion& question);
  Result<Landing> find_landing(const ProgramFile& file, const LandingQuestion& question);

  // These may be asked of by any thread, while another one waits for an answer.
  void kill() const { child_.kill(); }
  [[nodiscard]] bool runs() const { return child_.runs(); }
  [[nodiscard]] std::uint64_t cpu_ns() const { return child_.cpu_ns(); }

 private:
  explicit ProgramReader(ConfinedChild child) : child_(std::move(child)) {}
  // What cannot be decoded ends the reader.
  template <class Answer, class Decode>
  Result<Answer> ask(const std::vector<std::byte>& question, int file, std::uint64_t patience_ns,
                     const Decode& decode);

  ConfinedChild child_;
  std::set<std::uint32_t> sent_;  // files of landings
};

}  // namespace triptych::coroutine::reader
