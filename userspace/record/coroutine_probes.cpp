// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_probes.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "launch/program.hpp"

namespace triptych::record {
namespace {

using coroutine::probes::ElfFile;

constexpr const char* kHint =
    "a program that includes <triptych/usdt.h> has them; those of its libraries are found when it "
    "runs: -p PID";

tl::unexpected<Error> in(const std::string& path, const Error& error) {
  return fail(fmt::format("{}: {}", quote(path), error.message),
              error.hint.empty() ? kHint : error.hint, error.code);
}

}  // namespace

Result<CoroutineProbes> CoroutineProbes::plan(const Options& options) {
  CoroutineProbes probes;
  if (options.coroutines != CoroutineWay::kUsdt) return probes;
  if (options.kind == model::TargetKind::kCommand) {
    TRIPTYCH_TRY(probes.look_into_command(options.command.front()));
  } else {
    TRIPTYCH_TRY(probes.look_into_process(options.process));
  }
  return probes;
}

Result<void> CoroutineProbes::look_into_command(const std::string& command) {
  std::string program;
  if (launch::find_program(command, launch::search_path(), &program) != 0) {
    return fail(fmt::format("no program {}", quote(command)));
  }
  // Without O_NONBLOCK the opening of a pipe would wait.
  UniqueFd file(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return fail_errno(fmt::format("look into {}", quote(program)), errno);
  auto elf = ElfFile::open(std::move(file));
  if (!elf) return in(program, elf.error());
  auto places = coroutine::probes::plan_markers(*elf);
  if (!places) return in(program, places.error());
  if (places->empty()) return in(program, {{}, "no markers of coroutines", {}});
  files_.push_back({std::move(*elf), std::move(*places)});
  return {};
}

Result<void> CoroutineProbes::look_into_process(pid_t tgid) {
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    auto elf = ElfFile::open(std::move(mapped.file));
    if (!elf) continue;  // code that is no program: a runtime's own
    auto places = coroutine::probes::plan_markers(*elf);
    if (!places) return in(mapped.path, places.error());
    if (!places->empty()) files_.push_back({std::move(*elf), std::move(*places)});
  }
  if (!files_.empty()) return {};
  return fail(fmt::format("no markers of coroutines in the files of process {}", tgid),
              "a program that includes <triptych/usdt.h> has them");
}

Result<void> CoroutineProbes::attach(probe::Session& session) const {
  for (const File& file : files_) {
    std::vector<probe::UserProbe> probes;
    probes.reserve(file.places.size());
    for (const auto& place : file.places) probes.push_back({place.offset, place.site});
    TRIPTYCH_TRY(session.attach_user_probes(file.elf.fd(), std::move(probes)));
  }
  return {};
}

void CoroutineProbes::on_record(std::span<const std::byte> record) {
  if (silent() && coroutine::probes::is_hit(record)) hit_ = true;
}

}  // namespace triptych::record
