// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_probes.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/text.hpp"
#include "coroutine/discover/asyncio.hpp"
#include "coroutine/discover/mappers.hpp"
#include "coroutine/discover/python_files.hpp"
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

// A file that other processes map is probed in them, too: that costs them what it costs the target.
std::string bystanders_of(int file, const std::string& path, pid_t target) {
  constexpr std::size_t kMostNamed = 8;
  std::vector<std::string> names;
  std::size_t count = 0;
  for (const auto& mapper : coroutine::discover::mappers_of(file)) {
    if (mapper.tgid == target || ++count > kMostNamed) continue;
    names.push_back(fmt::format("process {} ({})", mapper.tgid, escape(mapper.name)));
  }
  if (names.empty()) return {};
  return fmt::format("its probes in {} slow down {}{}, too", quote(path), fmt::join(names, ", "),
                     count > kMostNamed ? fmt::format(" and {} more", count - kMostNamed) : "");
}

}  // namespace

Result<CoroutineProbes> CoroutineProbes::plan(const Options& options) {
  CoroutineProbes probes;
  if (options.coroutines == CoroutineWay::kAsyncio) {
    TRIPTYCH_TRY(probes.look_for_asyncio(options));
    return probes;
  }
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
  files_.push_back({std::move(*elf), std::move(*places), {}});
  return {};
}

Result<void> CoroutineProbes::look_into_process(pid_t tgid) {
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    auto elf = ElfFile::open(std::move(mapped.file));
    if (!elf) continue;  // code that is no program: a runtime's own
    auto places = coroutine::probes::plan_markers(*elf);
    if (!places) return in(mapped.path, places.error());
    if (!places->empty()) files_.push_back({std::move(*elf), std::move(*places), {}});
  }
  if (!files_.empty()) return {};
  return fail(fmt::format("no markers of coroutines in the files of process {}", tgid),
              "a program that includes <triptych/usdt.h> has them");
}

Result<void> CoroutineProbes::look_for_asyncio(const Options& options) {
  using namespace coroutine::discover;
  Result<PythonFiles> found = tl::unexpected<Error>(Error{});
  std::string name = fmt::format("process {}", options.process);
  if (options.kind == model::TargetKind::kCommand) {
    if (launch::find_program(options.command.front(), launch::search_path(), &name) != 0) {
      return fail(fmt::format("no program {}", quote(options.command.front())));
    }
    found = python_files_of(name, launch::search_path());
  } else {
    found = python_files_of(options.process);
  }
  if (!found)
    return fail(fmt::format("{}: {}", escape(name), found.error().message), found.error().hint);
  auto plan = plan_asyncio(found->module, found->interpreter);
  if (!plan) return in(found->module_path, plan.error());
  bystanders_ = bystanders_of(found->module.fd(), found->module_path, options.process);
  files_.push_back({std::move(found->module), std::move(plan->places), plan->layout});
  return {};
}

Result<void> CoroutineProbes::attach(probe::Session& session) const {
  for (const File& file : files_) {
    std::vector<probe::UserProbe> probes;
    probes.reserve(file.places.size());
    for (const auto& place : file.places) probes.push_back({place.offset, place.site});
    if (file.python) {
      TRIPTYCH_TRY(session.attach_asyncio_probes(file.elf.fd(), std::move(probes), *file.python));
    } else {
      TRIPTYCH_TRY(session.attach_user_probes(file.elf.fd(), std::move(probes)));
    }
  }
  return {};
}

void CoroutineProbes::on_record(std::span<const std::byte> record) {
  if (silent() && coroutine::probes::is_hit(record)) hit_ = true;
}

}  // namespace triptych::record
