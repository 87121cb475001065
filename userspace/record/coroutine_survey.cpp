// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_survey.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/text.hpp"
#include "coroutine/discover/libraries.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "coroutine/probes/usdt.hpp"
#include "launch/program.hpp"
#include "record/coroutine_runtimes.hpp"

namespace triptych::record {
namespace {

using coroutine::probes::ElfFile;

constexpr const char* kNoSymbols =
    "it has no symbols: if it has C++20 coroutines, they cannot be found";

void survey_markers(const ElfFile& elf, const std::string& path, std::vector<SurveyedFile>& all) {
  const auto markers = coroutine::probes::read_markers(elf);
  if (!markers) return;
  const auto ours = std::count_if(markers->begin(), markers->end(),
                                  [](const auto& each) { return each.provider == "triptych"; });
  if (ours == 0) return;
  all.push_back({.path = path,
                 .way = "usdt",
                 .coroutines = "its own markers",
                 .program = "on_coroutine_marker",
                 .functions = 0,
                 .cheap = static_cast<std::size_t>(ours),
                 .invisible = "what it does not mark"});
}

void survey_runtime(const ElfFile& elf, const std::string& path, const CoroutineRuntime& runtime,
                    std::vector<SurveyedFile>& all) {
  if (runtime.discover == nullptr) return;
  const auto found = runtime.discover(elf);
  if (!found || found->only_serves) return;
  const bool has_any = !found->functions.empty() || !found->places.empty() || !found->dear.empty();
  if (!has_any && found->not_understood == 0) return;
  all.push_back({.path = path,
                 .way = fmt::format("uprobe:{}", runtime.name),
                 .coroutines = std::string(runtime.coroutines),
                 .program = runtime.program,
                 .functions = found->functions.size(),
                 .cheap = found->places.size(),
                 .dear = found->dear.size(),
                 .not_understood = found->not_understood,
                 .lower_bounds = found->lower_bounds,
                 .invisible = std::string(runtime.invisible)});
}

bool is_program_of(const struct stat& file, pid_t tgid) {
  struct stat program {};
  return tgid == 0 || (::stat(fmt::format("/proc/{}/exe", tgid).c_str(), &program) == 0 &&
                       program.st_dev == file.st_dev && program.st_ino == file.st_ino);
}

// `tgid` 0: of a command. The program itself is one that is told of even when there is nothing in
// it.
void survey(UniqueFd file, const std::string& path, pid_t tgid, std::vector<SurveyedFile>& all) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return;
  const auto elf = ElfFile::open(std::move(file));
  if (!elf) return;
  const std::size_t before = all.size();
  if (coroutine::discover::links_recorder(*elf)) {
    all.push_back({.path = path,
                   .way = "recorder",
                   .coroutines = "what it tells triptych's recorder",
                   .invisible = "what it does not tell"});
  }
  survey_markers(*elf, path, all);
  for (const CoroutineRuntime& runtime : coroutine_runtimes()) {
    survey_runtime(*elf, path, runtime, all);
  }
  // What is found without symbols, markers or contexts, need not be all that there is.
  if ((all.size() == before || coroutine::discover::allocates_in_cpp(*elf)) &&
      is_program_of(status, tgid) && !coroutine::discover::has_symbols(*elf)) {
    all.push_back({.path = path, .invisible = kNoSymbols});
  }
  if (all.size() == before) return;
  const bool shared = coroutine::probes::is_mapped_by_others(status, tgid);
  for (std::size_t i = before; i < all.size(); ++i) all[i].shared = shared;
}

// Of the libraries that a command will load.
void survey_libraries(const std::string& program, std::vector<SurveyedFile>& all) {
  const char* path = std::getenv("LD_LIBRARY_PATH");
  for (const std::string& library :
       coroutine::discover::libraries_of(program, path == nullptr ? "" : path)) {
    const auto elf =
        ElfFile::open(UniqueFd(::open(library.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)));
    struct stat status {};
    if (!elf || ::fstat(elf->fd(), &status) != 0) continue;
    const std::size_t before = all.size();
    survey_markers(*elf, library, all);
    for (const CoroutineRuntime& runtime : coroutine_runtimes()) {
      survey_runtime(*elf, library, runtime, all);
    }
    if (all.size() == before) continue;
    const bool shared = coroutine::probes::is_mapped_by_others(status, 0);
    for (std::size_t i = before; i < all.size(); ++i) all[i].shared = shared;
  }
}

// Of the runtimes whose file one finds by the program. A program that is none of theirs has none.
void survey_program(const CoroutineProgram& program, std::vector<SurveyedFile>& all) {
  const std::size_t before = all.size();
  for (const CoroutineRuntime& runtime : coroutine_runtimes()) {
    if (runtime.find == nullptr) continue;
    const auto file = runtime.find(program);
    struct stat status {};
    if (!file || ::fstat(file->elf.fd(), &status) != 0) continue;
    all.push_back({.path = file->path,
                   .way = fmt::format("uprobe:{}", runtime.name),
                   .coroutines = std::string(runtime.coroutines),
                   .program = runtime.program,
                   .cheap = file->found.places.size(),
                   .shared = coroutine::probes::is_mapped_by_others(status, program.tgid),
                   .invisible = std::string(runtime.invisible)});
  }
  // Of an interpreter nobody expects C++20 coroutines.
  if (all.size() == before) return;
  all.erase(std::remove_if(all.begin(), all.end(),
                           [](const SurveyedFile& each) { return each.way.empty(); }),
            all.end());
}

}  // namespace

Result<std::vector<SurveyedFile>> survey_command(const std::string& command) {
  std::string program;
  if (launch::find_program(command, launch::search_path(), &program) != 0) {
    return fail(fmt::format("no program {}", quote(command)));
  }
  std::vector<SurveyedFile> all;
  survey(UniqueFd(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), program, 0, all);
  survey_libraries(program, all);
  survey_program({program, 0}, all);
  return all;
}

Result<std::vector<SurveyedFile>> survey_process(pid_t tgid) {
  if (::kill(tgid, 0) != 0 && errno == ESRCH) {
    return fail(fmt::format("no process {}", tgid), "`ps -e` lists the running processes");
  }
  std::vector<SurveyedFile> all;
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    survey(std::move(mapped.file), mapped.path, tgid, all);
  }
  survey_program({{}, tgid}, all);
  return all;
}

}  // namespace triptych::record
