// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.hpp"

namespace triptych::coroutine::probes {

struct MappedFile {
  std::string path;  // as the process sees it
  UniqueFd file;
};

struct AddressRange {
  std::uint64_t begin = 0, end = 0;
};

struct MappedPrograms {
  std::vector<MappedFile> files;
  // Where all lie that are known now, these and those from before. What the process had taken away,
  // or had ended with, before it could be opened is not among them.
  std::vector<AddressRange> known_at;
};

// Where the kernel shows what is mapped there; `range` is as /proc/PID/maps writes it, which pads
// small addresses with zeros.
std::string path_of_mapping(pid_t tgid, std::string_view range);

// Which place of which file a process has mapped at an address.
struct Mapping {
  std::uint64_t device = 0, inode = 0;
  std::uint64_t offset = 0;
};
std::optional<Mapping> mapping_at(pid_t tgid, std::uint64_t address);

struct Mapper {
  pid_t tgid = 0;
  std::string name;  // comm
};

// The processes, other than `but`, that have the file mapped for execution: its probes hit them,
// too. At most so many of them.
std::vector<Mapper> mappers_of(const struct stat& file, pid_t but, std::size_t most);
// Of those whom `is_ours` does not know.
std::vector<Mapper> mappers_of(const struct stat& file, const std::function<bool(pid_t)>& is_ours,
                               std::size_t most);
bool is_mapped_by_others(const struct stat& file, pid_t tgid);

// The files that the process has mapped for execution, each once, whatever they are called by now.
std::vector<MappedFile> mapped_programs(pid_t tgid);
// Those that `known` does not have, where they are noted down as /proc/PID/maps has them.
MappedPrograms mapped_programs(pid_t tgid, std::set<std::string>& known);

}  // namespace triptych::coroutine::probes
