// SPDX-License-Identifier: Apache-2.0
//
// Which code was mapped where in each address space, at any time of the recording.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "model/event.hpp"

namespace triptych::analyze {

// A file that was mapped as code, or code of no file ("[vdso]", "//anon").
struct CodeFile {
  std::string path;
  bool path_cut = false;
  std::uint64_t inode = 0;  // 0: not known
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::vector<std::uint8_t> build_id;  // empty: not known
  model::Tid tgid = 0;                 // the last process that mapped it; 0: not known
  [[nodiscard]] bool is_same_as(const CodeFile& other) const;
};

struct CodeMap {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t offset = 0;   // in the file
  model::TimeNs from_ns = 0;  // 0: it was there
  std::uint32_t file = 0;     // CodeSpaces::files()
  model::Tid tgid = 0;        // of the process that mapped it
  [[nodiscard]] bool has(std::uint64_t address) const { return address >= start && address < end; }
};

class CodeSpaces {
 public:
  // How a task is called in its own pid namespace.
  void on_number(model::Tid tgid, model::Tid tid, model::Tid ns_tid);
  // What is known of a process's address space.
  void on_use(model::Tid tgid, model::MmId mm);
  void on_fork(model::MmId child, model::MmId parent, model::TimeNs ts_ns);
  void on_exec(model::Tid tgid, model::MmId mm);
  void on_map(model::TimeNs ts_ns, const model::Map& map);

  // The code at an address at that time; null: none is known.
  [[nodiscard]] const CodeMap* find(model::MmId mm, std::uint64_t address,
                                    model::TimeNs at_ns) const;
  // Moves when code takes the place of other code, so that an address may have another meaning.
  [[nodiscard]] std::uint32_t generation(model::MmId mm) const;
  [[nodiscard]] const std::vector<CodeFile>& files() const { return files_; }
  // Whether the process itself, and its files, call it by another number.
  [[nodiscard]] bool has_other_number(model::Tid tgid) const {
    return has_other_number_.count(tgid) != 0;
  }
  [[nodiscard]] bool empty() const { return files_.empty(); }

 private:
  struct Space {
    model::MmId forked_from{};
    model::TimeNs forked_ns = 0;
    std::uint32_t generation = 0;
    std::vector<CodeMap> maps;  // in order of time
  };
  std::uint32_t file_of(const model::Map& map);
  static void add(Space& space, const CodeMap& map);

  std::unordered_map<std::uint32_t, Space> spaces_;       // by MmId
  std::unordered_map<model::Tid, model::MmId> space_of_;  // by tgid
  std::unordered_set<model::Tid> has_other_number_;       // by tgid
  std::unordered_map<model::Tid, std::vector<CodeMap>>
      coming_;  // of an exec that is yet to be told
  std::vector<CodeFile> files_;
  std::unordered_map<std::string, std::vector<std::uint32_t>> file_numbers_;  // by path
};

}  // namespace triptych::analyze
