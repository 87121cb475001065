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
#include "coroutine/probes/mapped_files.hpp"
#include "record/coroutine_readers.hpp"

namespace triptych::record {
namespace {

using coroutine::discover::Discovery;
using coroutine::discover::Needs;
using coroutine::probes::Place;
using coroutine::reader::ProgramFile;

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

CoroutineFinder CoroutineFinder::of_markers(Reader& reader, coroutine::probes::MarkerTable table) {
  CoroutineFinder finder(reader);
  finder.markers_ = std::move(table);
  finder.by_name_ = true;
  return finder;
}

CoroutineFinder CoroutineFinder::of_runtime(Reader& reader, const CoroutineRuntime* runtime) {
  CoroutineFinder finder(reader);
  finder.by_name_ = true;
  finder.runtime_ = runtime;
  return finder;
}

CoroutineFinder CoroutineFinder::of_function(Reader& reader, std::string name) {
  CoroutineFinder finder = of_runtime(reader, &named_function());
  finder.function_ = std::move(name);
  return finder;
}

// Our own programs have workloads in them, and what is to be seen of those the recorder tells.
CoroutineFinder CoroutineFinder::of_cheap_places(Reader& reader) {
  CoroutineFinder finder(reader);
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
  const bool can_be = runtime.in_any_file() || !function_.empty();
  return can_be && (by_name_ || !runtime.is_spread);
}

coroutine::reader::Wanted CoroutineFinder::wanted() const {
  coroutine::reader::Wanted wanted;
  wanted.markers = markers_;
  wanted.function = function_;
  wanted.unless_it_links_recorder = !by_name_;
  for (const CoroutineRuntime& runtime : runtimes()) {
    if (is_looked_for(runtime) && runtime.id) wanted.runtimes.push_back(*runtime.id);
  }
  wanted.needs = true;
  return wanted;
}

// A file that cannot be read is one without coroutines.
Needs CoroutineFinder::look_into(const ProgramFile& file, const std::string& path,
                                 const IsOurs& is_ours) {
  if (!looked_into_.insert({file.device, file.inode}).second) return {};
  auto examined = reader_->examine(file, wanted());
  if (!examined) {
    if (!std::exchange(is_missed_, true)) {
      missed_ = Error{ErrorCode::kFailed,
                      fmt::format("which coroutines of {} can be probed is not known, nor of what "
                                  "would come after it: {}",
                                  quote(path), examined.error().message),
                      {}};
    }
    return {};
  }
  if (examined->markers) take_markers(file, path, std::move(*examined->markers));
  if (examined->function) {
    take_runtime(file, path, named_function(), std::move(*examined->function), is_ours);
  }
  for (const CoroutineRuntime& runtime : runtimes()) {
    for (coroutine::reader::FoundRuntime& each : examined->runtimes) {
      if (each.runtime != runtime.id || !is_looked_for(runtime)) continue;
      take_runtime(file, path, runtime, std::move(each.found), is_ours);
      break;
    }
  }
  return std::move(examined->needs);
}

void CoroutineFinder::take_markers(const ProgramFile& file, const std::string& path,
                                   Result<std::vector<Place>> places) {
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
  add(file, path, nullptr, std::move(found));
}

void CoroutineFinder::take_runtime(const ProgramFile& file, const std::string& path,
                                   const CoroutineRuntime& runtime, Discovery found,
                                   const IsOurs& is_ours) {
  if (!found.not_known.empty() && !refusal_) {
    refusal_ = Error{ErrorCode::kFailed, fmt::format("{}: {}", quote(path), found.not_known), {}};
  }
  if (found.contexts) context_layout_ = found.contexts;
  if (found.places.empty() && found.dear.empty()) return;
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return;
  if (is_ours && !coroutine::probes::mappers_of(status, is_ours, 1).empty()) {
    remarks_.push_back({"coroutine", "",
                        fmt::format("{} in {}: other processes have it mapped, too; "
                                    "--coroutines uprobe:{} probes it all the same",
                                    runtime.coroutines, path, runtime.name)});
    return;
  }
  add(file, path, &runtime, std::move(found));
}

void CoroutineFinder::add(const ProgramFile& file, const std::string& path,
                          const CoroutineRuntime* runtime, Discovery found) {
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
  // One of its own for each runtime that is in it.
  auto probed =
      coroutine::reader::as_program_file(UniqueFd(::fcntl(file.fd(), F_DUPFD_CLOEXEC, 0)));
  if (probed) files_.push_back({std::move(*probed), path, runtime, std::move(found)});
}

void CoroutineFinder::look_into_command(const std::string& program, const launch::User& user,
                                        const IsOurs& is_ours) {
  const auto file = coroutine::reader::open_program_file(program);
  if (!file) return;
  // Its own file is what was asked for, whoever else runs it.
  const Needs needs = look_into(*file, program, {});
  for_each_library_of(user, program, needs, [&](ProgramFile library, const std::string& path) {
    return look_into(library, path, is_ours);
  });
}

std::vector<coroutine::probes::AddressRange> CoroutineFinder::look_into_process(
    pid_t tgid, const IsOurs& is_ours) {
  coroutine::probes::MappedPrograms programs = coroutine::probes::mapped_programs(tgid, known_);
  for (coroutine::probes::MappedFile& mapped : programs.files) {
    const auto file = coroutine::reader::as_program_file(std::move(mapped.file));
    if (file) look_into(*file, mapped.path, is_ours);
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
