// SPDX-License-Identifier: Apache-2.0
//
// Which files have coroutines that can be probed, of a command, of a process, and of what is mapped
// while they run: their markers, or what is known of a runtime.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "coroutine/discover/needs.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "coroutine/reader/program_file.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "coroutine/reader/questions.hpp"
#include "launch/user.hpp"
#include "model/ids.hpp"
#include "model/metadata.hpp"
#include "record/coroutine_runtimes.hpp"

namespace triptych::record {

// A file with places to probe.
struct ProbedFile {
  coroutine::reader::ProgramFile file;
  std::string path;
  const CoroutineRuntime* runtime = nullptr;  // null: its markers
  coroutine::discover::Discovery found;
};

// The processes, and where in each of them there is code of files that were looked into.
using LookedInto = std::map<model::Tid, std::vector<coroutine::probes::AddressRange>>;

class CoroutineFinder {
 public:
  // Whose having a file mapped does not matter. Empty: whoever else has it, it is probed.
  using IsOurs = std::function<bool(pid_t)>;

  // All of them ask `reader`, which has to live as long.
  using Reader = coroutine::reader::ProgramReader;
  static CoroutineFinder of_markers(Reader& reader, coroutine::probes::MarkerTable table);
  // Asked for by name.
  static CoroutineFinder of_runtime(Reader& reader, const CoroutineRuntime* runtime);
  static CoroutineFinder of_function(Reader& reader, std::string name);
  // In any runtime.
  static CoroutineFinder of_cheap_places(Reader& reader);

  // The command's own file, and the libraries that it will load at its start, as far as that can be
  // told beforehand.
  void look_into_command(const std::string& program, const launch::User& user,
                         const IsOurs& is_ours);
  // What a process has mapped and was not looked into before. Where all that is by now.
  std::vector<coroutine::probes::AddressRange> look_into_process(pid_t tgid, const IsOurs& is_ours);
  // Of all that run, `recorded` and what comes of them are ours. Our own program is not looked
  // into: before its exec a command is that.
  void look_into_processes(const std::set<model::Tid>& mappers,
                           const std::set<model::Tid>& recorded);

  // A file that was found otherwise. Nothing is kept of one without places.
  void add(const coroutine::reader::ProgramFile& file, const std::string& path,
           const CoroutineRuntime* runtime, coroutine::discover::Discovery found);

  // What came of it since it was asked last.
  [[nodiscard]] std::vector<ProbedFile> take_files() { return std::exchange(files_, {}); }
  [[nodiscard]] std::vector<model::PlannedEvent> take_remarks() {
    return std::exchange(remarks_, {});
  }
  [[nodiscard]] std::optional<Error> take_refusal() { return std::exchange(refusal_, {}); }
  // What is not known because the reader ended, the first time that it is missed.
  [[nodiscard]] std::optional<Error> take_missed() { return std::exchange(missed_, {}); }
  [[nodiscard]] LookedInto take_looked_into() { return std::exchange(processes_, {}); }

  // What the code that switches contexts keeps on a stack, once a file of it was found.
  [[nodiscard]] const std::optional<triptych_context_layout>& context_layout() const {
    return context_layout_;
  }

  // The BPF programs that any file would need which it may still find.
  [[nodiscard]] std::vector<std::string_view> programs() const;

 private:
  explicit CoroutineFinder(Reader& reader) : reader_(&reader) {}
  [[nodiscard]] std::span<const CoroutineRuntime> runtimes() const;
  [[nodiscard]] bool is_looked_for(const CoroutineRuntime& runtime) const;
  [[nodiscard]] coroutine::reader::Wanted wanted() const;
  void skip(const std::string& path);
  // What the file needs itself.
  coroutine::discover::Needs look_into(const coroutine::reader::ProgramFile& file,
                                       const std::string& path, const IsOurs& is_ours);
  void take_markers(const coroutine::reader::ProgramFile& file, const std::string& path,
                    Result<std::vector<coroutine::probes::Place>> places);
  void take_runtime(const coroutine::reader::ProgramFile& file, const std::string& path,
                    const CoroutineRuntime& runtime, coroutine::discover::Discovery found,
                    const IsOurs& is_ours);

  Reader* reader_;
  coroutine::probes::MarkerTable markers_;  // empty: they are not looked for
  bool by_name_ = false;
  const CoroutineRuntime* runtime_ = nullptr;                      // asked for by name
  std::string function_;                                           // of named_function()
  std::set<std::pair<std::uint64_t, std::uint64_t>> looked_into_;  // device and inode
  std::set<std::string> known_;                                    // as /proc/PID/maps has them
  LookedInto processes_;
  std::vector<ProbedFile> files_;
  std::vector<model::PlannedEvent> remarks_;
  std::optional<Error> missed_;
  bool is_missed_ = false;        // and has been told
  std::optional<Error> refusal_;  // the first file that has something which must not be probed
  std::optional<triptych_context_layout> context_layout_;
};

}  // namespace triptych::record
