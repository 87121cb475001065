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
#include "base/unique_fd.hpp"
#include "coroutine/probes/elf_file.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "model/ids.hpp"
#include "model/metadata.hpp"
#include "record/coroutine_runtimes.hpp"

namespace triptych::record {

// A file with places to probe.
struct ProbedFile {
  coroutine::probes::ElfFile elf;
  std::string path;
  const CoroutineRuntime* runtime = nullptr;  // null: its markers
  coroutine::discover::Discovery found;
  std::uint64_t device = 0, inode = 0;
};

// The processes, and where in each of them there is code of files that were looked into.
using LookedInto = std::map<model::Tid, std::vector<coroutine::probes::AddressRange>>;

class CoroutineFinder {
 public:
  // Whose having a file mapped does not matter. Empty: whoever else has it, it is probed.
  using IsOurs = std::function<bool(pid_t)>;

  static CoroutineFinder of_markers(coroutine::probes::MarkerTable table);
  static CoroutineFinder of_runtime(const CoroutineRuntime* runtime);  // asked for by name
  static CoroutineFinder of_function(std::string name);                // likewise
  static CoroutineFinder of_cheap_places();                            // in any runtime

  void look_into(UniqueFd file, const std::string& path, const IsOurs& is_ours);
  // The libraries that the program will load at its start, as far as that can be told beforehand.
  void look_into_libraries(const std::string& program, const IsOurs& is_ours);
  // What a process has mapped and was not looked into before. Where all that is by now.
  std::vector<coroutine::probes::AddressRange> look_into_process(pid_t tgid, const IsOurs& is_ours);
  // Of all that run, `recorded` and what comes of them are ours. Our own program is not looked
  // into: before its exec a command is that.
  void look_into_processes(const std::set<model::Tid>& mappers,
                           const std::set<model::Tid>& recorded);

  // A file that was found otherwise. Nothing is kept of one without places.
  void add(coroutine::probes::ElfFile elf, const std::string& path, const CoroutineRuntime* runtime,
           coroutine::discover::Discovery found);

  // What came of it since it was asked last.
  [[nodiscard]] std::vector<ProbedFile> take_files() { return std::exchange(files_, {}); }
  [[nodiscard]] std::vector<model::PlannedEvent> take_remarks() {
    return std::exchange(remarks_, {});
  }
  [[nodiscard]] std::optional<Error> take_refusal() { return std::exchange(refusal_, {}); }
  [[nodiscard]] LookedInto take_looked_into() { return std::exchange(processes_, {}); }

  // What the code that switches contexts keeps on a stack, once a file of it was found.
  [[nodiscard]] const std::optional<triptych_context_layout>& context_layout() const {
    return context_layout_;
  }

  // The BPF programs that any file would need which it may still find.
  [[nodiscard]] std::vector<std::string_view> programs() const;

 private:
  [[nodiscard]] std::span<const CoroutineRuntime> runtimes() const;
  [[nodiscard]] bool is_looked_for(const CoroutineRuntime& runtime) const;
  void skip(const std::string& path);
  void look_for_markers(UniqueFd file, const std::string& path);
  void look_for_runtime(UniqueFd file, const std::string& path, const CoroutineRuntime& runtime,
                        const IsOurs& is_ours);

  coroutine::probes::MarkerTable markers_;  // empty: they are not looked for
  bool by_name_ = false;
  const CoroutineRuntime* runtime_ = nullptr;                      // asked for by name
  std::string function_;                                           // of named_function()
  std::set<std::pair<std::uint64_t, std::uint64_t>> looked_into_;  // device and inode
  std::set<std::string> known_;                                    // as /proc/PID/maps has them
  LookedInto processes_;
  std::vector<ProbedFile> files_;
  std::vector<model::PlannedEvent> remarks_;
  std::optional<Error> refusal_;  // the first file that has something which must not be probed
  std::optional<triptych_context_layout> context_layout_;
};

}  // namespace triptych::record
