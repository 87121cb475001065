// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_finder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "coroutine/discover/libraries.hpp"
#include "coroutine/discover/named_function.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/mapped_files.hpp"

namespace triptych::record {
namespace {

using coroutine::discover::Discovery;
using coroutine::probes::ElfFile;

constexpr const char* kHint = "a program that includes <triptych/usdt.h> has those that can be";

constexpr int kMostAncestors = 64;

// 0: of nobody, or not known.
pid_t parent_of(pid_t tgid) {
  std::ifstream status(fmt::format("/proc/{}/status", tgid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("PPid:")) return static_cast<pid_t>(std::atol(line.c_str() + 5));
  }
  return 0;
}

// A child may have been born after the last of the kernel's records that we know.
bool comes_of(pid_t tgid, const std::set<model::Tid>& recorded) {
  for (int i = 0; i < kMostAncestors && tgid > 1; ++i) {
    if (recorded.count(tgid) != 0) return true;
    tgid = parent_of(tgid);
  }
  return false;
}

}  // namespace

CoroutineFinder CoroutineFinder::of_markers(coroutine::probes::MarkerTable table) {
  CoroutineFinder finder;
  finder.markers_ = std::move(table);
  finder.by_name_ = true;
  return finder;
}

CoroutineFinder CoroutineFinder::of_runtime(const CoroutineRuntime* runtime) {
  CoroutineFinder finder;
  finder.by_name_ = true;
  finder.runtime_ = runtime;
  return finder;
}

CoroutineFinder CoroutineFinder::of_function(std::string name) {
  CoroutineFinder finder = of_runtime(&named_function());
  finder.function_ = std::move(name);
  return finder;
}

// Our own programs have workloads in them, and what is to be seen of those the recorder tells.
CoroutineFinder CoroutineFinder::of_cheap_places() {
  CoroutineFinder finder;
  std::error_code error;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
  finder.skip(own);
  finder.skip(own.parent_path() / "triptych-cell");
  return finder;
}

void CoroutineFinder::skip(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) looked_into_.insert({status.st_dev, status.st_ino});
}

std::span<const CoroutineRuntime> CoroutineFinder::runtimes() const {
  if (!markers_.empty()) return {};
  return runtime_ != nullptr ? std::span(runtime_, 1) : coroutine_runtimes();
}

// In any file, as soon as it is met.
bool CoroutineFinder::is_looked_for(const CoroutineRuntime& runtime) const {
  const bool can_be = runtime.discover != nullptr || !function_.empty();
  return can_be && (by_name_ || !runtime.is_spread);
}

// A file that cannot be read is one without coroutines.
void CoroutineFinder::look_into(UniqueFd file, const std::string& path, const IsOurs& is_ours) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return;
  if (!looked_into_.insert({status.st_dev, status.st_ino}).second) return;
  if (!markers_.empty()) look_for_markers(UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)), path);
  for (const CoroutineRuntime& runtime : runtimes()) {
    if (!is_looked_for(runtime)) continue;
    look_for_runtime(UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)), path, runtime, is_ours);
  }
}

void CoroutineFinder::look_for_markers(UniqueFd file, const std::string& path) {
  auto elf = ElfFile::open(std::move(file));
  if (!elf) return;  // code that is no program: a runtime's own
  auto places = coroutine::probes::plan_markers(*elf, markers_);
  if (!places) {
    const Error& error = places.error();
    if (!refusal_) {
      refusal_ = Error{error.code, fmt::format("{}: {}", quote(path), error.message),
                       error.hint.empty() ? kHint : error.hint};
    }
    return;
  }
  Discovery found;
  found.places = std::move(*places);
  add(std::move(*elf), path, nullptr, std::move(found));
}

void CoroutineFinder::look_for_runtime(UniqueFd file, const std::string& path,
                                       const CoroutineRuntime& runtime, const IsOurs& is_ours) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return;
  auto elf = ElfFile::open(std::move(file));
  if (!elf || (!by_name_ && coroutine::discover::links_recorder(*elf))) return;
  auto found = function_.empty() ? runtime.discover(*elf)
                                 : coroutine::discover::discover_function(*elf, function_);
  if (!found) return;
  if (!found->not_known.empty() && !refusal_) {
    refusal_ = Error{ErrorCode::kFailed, fmt::format("{}: {}", quote(path), found->not_known), {}};
  }
  if (found->contexts) context_layout_ = found->contexts;
  if (found->places.empty() && found->dear.empty()) return;
  if (is_ours && !coroutine::probes::mappers_of(status, is_ours, 1).empty()) {
    remarks_.push_back({"coroutine", "",
                        fmt::format("{} in {}: other processes have it mapped, too; "
                                    "--coroutines uprobe:{} probes it all the same",
                                    runtime.coroutines, path, runtime.name)});
    return;
  }
  add(std::move(*elf), path, &runtime, std::move(*found));
}

void CoroutineFinder::add(ElfFile elf, const std::string& path, const CoroutineRuntime* runtime,
                          Discovery found) {
  struct stat status {};
  if (::fstat(elf.fd(), &status) != 0) return;
  if (runtime != nullptr && by_name_) {
    found.places.insert(found.places.end(), found.dear.begin(), found.dear.end());
    found.dear.clear();
  }
  if (found.not_understood + found.dear.size() != 0) {
    remarks_.push_back(
        {"coroutine", "",
         fmt::format("{} of {} {} in {}: no cheap place to probe",
                     found.not_understood + found.dear.size(),
                     found.functions.size() + found.not_understood, runtime->coroutines, path)});
  }
  if (found.places.empty()) return;
  files_.push_back({std::move(elf), path, runtime, std::move(found), status.st_dev, status.st_ino});
}

void CoroutineFinder::look_into_libraries(const std::string& program, const IsOurs& is_ours) {
  const char* path = std::getenv("LD_LIBRARY_PATH");
  for (const std::string& library :
       coroutine::discover::libraries_of(program, path == nullptr ? "" : path)) {
    // Without O_NONBLOCK the opening of a pipe would wait.
    look_into(UniqueFd(::open(library.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), library,
              is_ours);
  }
}

std::vector<coroutine::probes::AddressRange> CoroutineFinder::look_into_process(
    pid_t tgid, const IsOurs& is_ours) {
  coroutine::probes::MappedPrograms programs = coroutine::probes::mapped_programs(tgid, known_);
  for (coroutine::probes::MappedFile& mapped : programs.files) {
    look_into(std::move(mapped.file), mapped.path, is_ours);
  }
  return std::move(programs.known_at);
}

void CoroutineFinder::look_into_processes(const std::set<model::Tid>& mappers,
                                          const std::set<model::Tid>& recorded) {
  skip("/proc/self/exe");
  IsOurs is_ours;
  if (!by_name_) is_ours = [&recorded](pid_t tgid) { return comes_of(tgid, recorded); };
  for (const model::Tid tgid : mappers) {
    processes_[tgid] = look_into_process(static_cast<pid_t>(tgid), is_ours);
  }
}

std::vector<std::string_view> CoroutineFinder::programs() const {
  if (!markers_.empty()) return {"on_coroutine_marker"};
  std::vector<std::string_view> programs;
  for (const CoroutineRuntime& runtime : runtimes()) {
    if (!is_looked_for(runtime)) continue;
    for (const std::string_view program : {runtime.program, runtime.companion}) {
      const bool known = std::find(programs.begin(), programs.end(), program) != programs.end();
      if (!program.empty() && !known) programs.push_back(program);
    }
  }
  return programs;
}

}  // namespace triptych::record
