// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_survey.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "launch/program.hpp"
#include "launch/user.hpp"
#include "record/coroutine_readers.hpp"
#include "record/coroutine_runtimes.hpp"

namespace triptych::record {
namespace {

using coroutine::reader::Examined;
using coroutine::reader::ProgramFile;
using coroutine::reader::ProgramReader;

constexpr const char* kNoSymbols =
    "it has no symbols: if it has C++20 coroutines, they cannot be found";

void survey_markers(const Examined& about, const std::string& path,
                    std::vector<SurveyedFile>& all) {
  if (about.traits.own_markers == 0) return;
  all.push_back({.path = path,
                 .way = "usdt",
                 .coroutines = "its own markers",
                 .program = "on_coroutine_marker",
                 .functions = 0,
                 .cheap = static_cast<std::size_t>(about.traits.own_markers),
                 .invisible = "what it does not mark"});
}

void survey_runtime(const coroutine::discover::Discovery& found, const std::string& path,
                    const CoroutineRuntime& runtime, std::vector<SurveyedFile>& all) {
  if (found.only_serves) return;
  const bool has_any = !found.functions.empty() || !found.places.empty() || !found.dear.empty();
  if (!has_any && found.not_understood == 0) return;
  all.push_back({.path = path,
                 .way = fmt::format("uprobe:{}", runtime.name),
                 .coroutines = std::string(runtime.coroutines),
                 .program = runtime.program,
                 .functions = found.functions.size(),
                 .cheap = found.places.size(),
                 .dear = found.dear.size(),
                 .not_understood = found.not_understood,
                 .lower_bounds = found.lower_bounds,
                 .invisible = std::string(runtime.invisible)});
}

// What was found, whatever else is said of the file.
void survey_found(const Examined& about, const std::string& path, std::vector<SurveyedFile>& all) {
  survey_markers(about, path, all);
  for (const coroutine::reader::FoundRuntime& each : about.runtimes) {
    const CoroutineRuntime* runtime = find_coroutine_runtime(each.runtime);
    if (runtime != nullptr) survey_runtime(each.found, path, *runtime, all);
  }
}

Result<Examined> examine(ProgramReader& reader, const ProgramFile& file, const std::string& path) {
  coroutine::reader::Wanted wanted;
  for (const CoroutineRuntime& runtime : coroutine_runtimes()) {
    if (runtime.in_any_file()) wanted.runtimes.push_back(*runtime.id);
  }
  wanted.needs = true;
  wanted.traits = true;
  auto about = reader.examine(file, wanted);
  if (about) return about;
  return fail(
      fmt::format("what can be seen of {} is not known: {}", quote(path), about.error().message));
}

bool is_program_of(const ProgramFile& file, pid_t tgid) {
  struct stat program {};
  return tgid == 0 || (::stat(fmt::format("/proc/{}/exe", tgid).c_str(), &program) == 0 &&
                       program.st_dev == file.device && program.st_ino == file.inode);
}

// `tgid` 0: of a command.
void mark_shared(const ProgramFile& file, pid_t tgid, std::size_t from,
                 std::vector<SurveyedFile>& all) {
  struct stat status {};
  if (all.size() == from || ::fstat(file.fd(), &status) != 0) return;
  const bool shared = coroutine::probes::is_mapped_by_others(status, tgid);
  for (std::size_t i = from; i < all.size(); ++i) all[i].shared = shared;
}

// The program itself is one that is told of even when there is nothing in it.
Result<Examined> survey(ProgramReader& reader, const ProgramFile& file, const std::string& path,
                        pid_t tgid, std::vector<SurveyedFile>& all) {
  TRIPTYCH_TRY_ASSIGN(Examined about, examine(reader, file, path));
  if (!about.is_program) return about;
  const std::size_t before = all.size();
  if (about.traits.links_recorder) {
    all.push_back({.path = path,
                   .way = "recorder",
                   .coroutines = "what it tells triptych's recorder",
                   .invisible = "what it does not tell"});
  }
  survey_found(about, path, all);
  // What is found without symbols, markers or contexts, need not be all that there is.
  if ((all.size() == before || about.traits.allocates_in_cpp) && is_program_of(file, tgid) &&
      !about.traits.has_symbols) {
    all.push_back({.path = path, .invisible = kNoSymbols});
  }
  mark_shared(file, tgid, before, all);
  return about;
}

// Of a command and the libraries that it will load.
Result<void> survey_files(ProgramReader& reader, const launch::User& user,
                          const std::string& program, std::vector<SurveyedFile>& all) {
  const auto file = coroutine::reader::open_program_file(program);
  if (!file) return {};
  TRIPTYCH_TRY_ASSIGN(const Examined about, survey(reader, *file, program, 0, all));
  Result<void> surveyed;
  for_each_library_of(user, program, about.needs,
                      [&](const ProgramFile& library, const std::string& path) {
                        const std::size_t before = all.size();
                        auto of_library = surveyed ? examine(reader, library, path) : Examined();
                        if (!of_library) {
                          surveyed = tl::unexpected<Error>(of_library.error());
                          return coroutine::discover::Needs();
                        }
                        survey_found(*of_library, path, all);
                        mark_shared(library, 0, before, all);
                        return std::move(of_library->needs);
                      });
  return surveyed;
}

// Of the runtimes whose file one finds by the program. A program that is none of theirs has none.
void survey_program(ProgramReader& reader, const CoroutineProgram& program,
                    std::vector<SurveyedFile>& all) {
  const std::size_t before = all.size();
  for (const CoroutineRuntime& runtime : coroutine_runtimes()) {
    if (runtime.module == nullptr) continue;
    const auto module = find_module(reader, runtime, program);
    if (!module) continue;
    const std::size_t begin = all.size();
    all.push_back({.path = module->path,
                   .way = fmt::format("uprobe:{}", runtime.name),
                   .coroutines = std::string(runtime.coroutines),
                   .program = runtime.program,
                   .cheap = module->found.places.size(),
                   .invisible = std::string(runtime.invisible)});
    mark_shared(module->file, program.tgid, begin, all);
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
  TRIPTYCH_TRY_ASSIGN(const launch::User user, launch::calling_user());
  TRIPTYCH_TRY_ASSIGN(const auto reader, start_reader(user));
  std::vector<SurveyedFile> all;
  TRIPTYCH_TRY(survey_files(*reader, user, program, all));
  survey_program(*reader, {program, 0}, all);
  return all;
}

Result<std::vector<SurveyedFile>> survey_process(pid_t tgid) {
  if (::kill(tgid, 0) != 0 && errno == ESRCH) {
    return fail(fmt::format("no process {}", tgid), "`ps -e` lists the running processes");
  }
  TRIPTYCH_TRY_ASSIGN(const launch::User user, launch::calling_user());
  TRIPTYCH_TRY_ASSIGN(const auto reader, start_reader(user));
  std::vector<SurveyedFile> all;
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    const auto file = coroutine::reader::as_program_file(std::move(mapped.file));
    if (file) TRIPTYCH_TRY(survey(*reader, *file, mapped.path, tgid, all));
  }
  survey_program(*reader, {{}, tgid}, all);
  return all;
}

}  // namespace triptych::record
