// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_probes.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "coroutine/discover/libraries.hpp"
#include "coroutine/discover/symbols.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "launch/program.hpp"
#include "probe/hooks.hpp"
#include "record/event_loop.hpp"

namespace triptych::record {
namespace {

using coroutine::discover::Discovery;
using coroutine::probes::ElfFile;

constexpr const char* kHint =
    "a program that includes <triptych/usdt.h> has them; those of its libraries are found when it "
    "runs: -p PID";

// As long as new places to return to come, and at the beginning, they are looked for often: what is
// resumed from an unknown one has no known end.
constexpr std::uint64_t kLearningNs = 2'000'000'000;
constexpr std::uint64_t kLearningSleepNs = 2'000'000;

constexpr std::uint64_t kLookAgainSoonNs = 20'000'000;
constexpr std::uint64_t kLookAgainNs = 1'000'000'000;

constexpr std::uint64_t kBudgetNs = 1'000'000'000;

tl::unexpected<Error> in(const std::string& path, const Error& error) {
  return fail(fmt::format("{}: {}", quote(path), error.message),
              error.hint.empty() ? kHint : error.hint, error.code);
}

Result<std::string> program_of(const std::string& command) {
  std::string program;
  if (launch::find_program(command, launch::search_path(), &program) != 0) {
    return fail(fmt::format("no program {}", quote(command)));
  }
  return program;
}

// Without O_NONBLOCK the opening of a pipe would wait.
UniqueFd open_program(const std::string& program) {
  return UniqueFd(::open(program.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

// A file that other processes map is probed in them, too: that costs them what it costs the target.
std::string bystanders_of(int file, const std::string& path, pid_t target, bool only_serves) {
  constexpr std::size_t kMostNamed = 8;
  struct stat status {};
  if (::fstat(file, &status) != 0) return {};
  std::vector<std::string> names;
  const auto others =
      coroutine::probes::mappers_of(status, target, std::numeric_limits<std::size_t>::max());
  const std::size_t count = others.size();
  for (const auto& mapper : others) {
    if (names.size() == kMostNamed) break;
    names.push_back(fmt::format("process {} ({})", mapper.tgid, escape(mapper.name)));
  }
  if (names.empty()) return {};
  if (only_serves) {
    return fmt::format(
        "its probe in {} is in {} other {}, too, and slows down who calls setcontext", quote(path),
        count, count == 1 ? "process" : "processes");
  }
  return fmt::format("its probes in {} slow down {}{}, too", quote(path), fmt::join(names, ", "),
                     count > kMostNamed ? fmt::format(" and {} more", count - kMostNamed) : "");
}

}  // namespace

Result<CoroutineProbes> CoroutineProbes::plan(const Options& options) {
  CoroutineProbes probes;
  probes.budget_permille_ = options.coroutine_budget_permille;
  const bool one_program = options.kind != model::TargetKind::kMachine;
  switch (options.coroutines) {
    case CoroutineWay::kOff:
    case CoroutineWay::kRecorder:
      break;
    case CoroutineWay::kUsdt:
      TRIPTYCH_TRY(probes.look_for_markers(options));
      break;
    case CoroutineWay::kAuto:
      if (one_program && !options.summary_only) TRIPTYCH_TRY(probes.look_for_runtimes(options));
      break;
    case CoroutineWay::kUprobe:
      TRIPTYCH_TRY(probes.look_for_runtime(options));
      break;
  }
  return probes;
}

Result<void> CoroutineProbes::look_for_markers(const Options& options) {
  markers_ = true;
  by_name_ = true;
  if (options.kind == model::TargetKind::kCommand) {
    return look_into_command(options.command.front());
  }
  return look_into_process(options.process);
}

Result<void> CoroutineProbes::look_into_command(const std::string& command) {
  TRIPTYCH_TRY_ASSIGN(const std::string program, program_of(command));
  UniqueFd file = open_program(program);
  if (!file) return fail_errno(fmt::format("look into {}", quote(program)), errno);
  auto elf = ElfFile::open(std::move(file));
  if (!elf) return in(program, elf.error());
  auto places = coroutine::probes::plan_markers(*elf);
  if (!places) return in(program, places.error());
  if (places->empty()) return in(program, {{}, "no markers of coroutines", {}});
  Discovery found;
  found.places = std::move(*places);
  add(std::move(*elf), program, nullptr, std::move(found));
  return {};
}

Result<void> CoroutineProbes::look_into_process(pid_t tgid) {
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    auto elf = ElfFile::open(std::move(mapped.file));
    if (!elf) continue;  // code that is no program: a runtime's own
    auto places = coroutine::probes::plan_markers(*elf);
    if (!places) return in(mapped.path, places.error());
    if (places->empty()) continue;
    Discovery found;
    found.places = std::move(*places);
    add(std::move(*elf), mapped.path, nullptr, std::move(found));
  }
  if (!files_.empty()) return {};
  return fail(fmt::format("no markers of coroutines in the files of process {}", tgid),
              "a program that includes <triptych/usdt.h> has them");
}

Result<void> CoroutineProbes::look_for_runtime(const Options& options) {
  by_name_ = true;
  runtime_ = find_coroutine_runtime(options.coroutine_runtime);
  if (runtime_->find == nullptr) {
    TRIPTYCH_TRY(look_for_runtimes(options));
  } else {
    CoroutineProgram program;
    program.tgid = options.process;
    if (options.kind == model::TargetKind::kCommand) {
      TRIPTYCH_TRY_ASSIGN(program.path, program_of(options.command.front()));
    }
    TRIPTYCH_TRY_ASSIGN(CoroutineFile file, runtime_->find(program));
    add(std::move(file.elf), file.path, runtime_, std::move(file.found));
  }
  for (const File& file : files_) {
    std::string others =
        bystanders_of(file.elf.fd(), file.path, options.process, file.found.only_serves);
    if (!others.empty()) bystanders_.push_back(std::move(others));
  }
  return {};
}

std::span<const CoroutineRuntime> CoroutineProbes::runtimes() const {
  return runtime_ != nullptr ? std::span(runtime_, 1) : coroutine_runtimes();
}

Result<void> CoroutineProbes::look_for_runtimes(const Options& options) {
  std::string where;
  if (options.kind == model::TargetKind::kCommand) {
    const auto program = program_of(options.command.front());
    if (!program) return tl::unexpected<Error>(program.error());
    look_into(open_program(*program), *program, 0);
    if (by_name_ && runtime_->is_spread) look_into_libraries(*program);
    where = quote(*program);
  } else {
    for (coroutine::probes::MappedFile& mapped :
         coroutine::probes::mapped_programs(options.process)) {
      look_into(std::move(mapped.file), mapped.path, by_name_ ? 0 : options.process);
    }
    where = fmt::format("the files of process {}", options.process);
  }
  if (!by_name_) return {};
  if (!not_known_.empty()) return fail(not_known_);
  const bool has_any = std::any_of(files_.begin(), files_.end(),
                                   [](const File& file) { return !file.found.only_serves; });
  if (has_any) return {};
  return fail(fmt::format("no {} in {}", runtime_->coroutines, where),
              "`triptych doctor` with the same -p PID or -- COMMAND says what could be seen");
}

void CoroutineProbes::look_into_libraries(const std::string& program) {
  const char* path = std::getenv("LD_LIBRARY_PATH");
  for (const std::string& library :
       coroutine::discover::libraries_of(program, path == nullptr ? "" : path)) {
    look_into(open_program(library), library, 0);
  }
}

// A file that cannot be read is one without coroutines.
void CoroutineProbes::look_into(UniqueFd file, const std::string& path, pid_t only_of) {
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) return;
  if (!looked_into_.insert({status.st_dev, status.st_ino}).second) return;
  for (const CoroutineRuntime& runtime : runtimes()) {
    if (runtime.discover == nullptr || (runtime.is_spread && !by_name_)) continue;
    auto elf = ElfFile::open(UniqueFd(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0)));
    if (!elf || (!by_name_ && coroutine::discover::links_recorder(*elf))) return;
    auto found = runtime.discover(*elf);
    if (!found) continue;
    if (!found->not_known.empty())
      not_known_ = fmt::format("{}: {}", quote(path), found->not_known);
    if (found->contexts) context_layout_ = found->contexts;
    if (found->places.empty() && found->dear.empty()) continue;
    if (only_of != 0 && coroutine::probes::is_mapped_by_others(status, only_of)) {
      remarks_.push_back({"coroutine", "",
                          fmt::format("{} in {}: other processes have it mapped, too; "
                                      "--coroutines uprobe:{} probes it all the same",
                                      runtime.coroutines, path, runtime.name)});
      continue;
    }
    add(std::move(*elf), path, &runtime, std::move(*found));
  }
}

void CoroutineProbes::add(ElfFile elf, const std::string& path, const CoroutineRuntime* runtime,
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

void CoroutineProbes::settle_for(const probe::Capabilities& capabilities) {
  if (by_name_) return;
  for (const std::string& program : programs()) {
    const std::string hook = name_of(*probe::find_hook(program));
    if (capabilities.has(hook)) continue;
    files_.clear();
    remarks_.push_back({"coroutine", "", hook + " is refused: not by probes in the program"});
    return;
  }
}

std::vector<std::string> CoroutineProbes::programs() const {
  std::vector<std::string> programs;
  const auto add = [&programs](std::string_view program) {
    if (std::find(programs.begin(), programs.end(), program) == programs.end()) {
      programs.emplace_back(program);
    }
  };
  for (const File& file : files_) {
    if (file.runtime == nullptr) {
      add("on_coroutine_marker");
    } else {
      add(file.runtime->program);
      if (!file.runtime->companion.empty()) add(file.runtime->companion);
    }
  }
  return programs;
}

std::vector<model::PlannedEvent> CoroutineProbes::remarks() const {
  return remarks_;
}

std::vector<probe::UserProbe> CoroutineProbes::probes_of(const File& file, std::uint32_t number,
                                                         std::uint32_t first_function) const {
  std::vector<probe::UserProbe> probes;
  probes.reserve(file.found.places.size());
  for (const auto& place : file.found.places) {
    probe::UserProbe probe{place.offset, place.site};
    probe.site.file = number;
    if (probe.site.function != 0) probe.site.function += first_function;
    probes.push_back(probe);
  }
  return probes;
}

Result<void> CoroutineProbes::attach(probe::CoroutinePrograms& programs) {
  for (std::size_t i = 0; i < files_.size(); ++i) TRIPTYCH_TRY(attach(programs, i));
  learned_ns_ = paid_ns_ = monotonic_ns();
  return {};
}

Result<void> CoroutineProbes::attach(probe::CoroutinePrograms& programs, std::size_t index) {
  const File& file = files_[index];
  const auto number = static_cast<std::uint32_t>(index);
  const std::uint32_t first_function = programs.functions();
  for (const auto& function : file.found.functions) {
    programs.add_function(function.name, function.address);
  }
  for (const auto& entry : file.found.entries) {
    const bool is_loop = entry.name.empty();
    const std::uint32_t function = is_loop ? 0 : programs.add_function(entry.name, entry.address);
    if (is_loop || function != 0) programs.add_context_entry(number, entry.address, function);
  }
  if (context_layout_) programs.set_context_layout(*context_layout_);
  if (file.found.python) TRIPTYCH_TRY(programs.add_python(number, *file.found.python));
  for (const std::uint64_t address : file.found.returns) {
    programs.settle_return({address, number + 1, 0}, TRIPTYCH_CPP_RETURN_COVERED);
  }
  const std::string_view program =
      file.runtime == nullptr ? "on_coroutine_marker" : file.runtime->program;
  TRIPTYCH_TRY(programs.attach(program, file.elf.fd(), probes_of(file, number, first_function)));
  return {};
}

void CoroutineProbes::look_again(probe::CoroutinePrograms& programs, pid_t tgid,
                                 std::uint64_t now_ns) {
  if (!wanted() || markers_ || tgid == 0 || !over_budget_.empty()) return;
  if (runtime_ != nullptr && runtime_->discover == nullptr) return;
  const bool young = now_ns - learned_ns_ < kLearningNs;
  if (now_ns - looked_ns_ < (young ? kLookAgainSoonNs : kLookAgainNs)) return;
  looked_ns_ = now_ns;
  // Before its exec the command is ourselves.
  struct stat own {};
  if (::stat("/proc/self/exe", &own) != 0) return;
  looked_into_.insert({own.st_dev, own.st_ino});
  for (coroutine::probes::MappedFile& mapped : coroutine::probes::mapped_programs(tgid)) {
    const std::size_t before = files_.size();
    look_into(std::move(mapped.file), mapped.path, by_name_ ? 0 : tgid);
    for (std::size_t i = before; i < files_.size(); ++i) {
      // Only the programs of the plan are loaded: of another runtime nothing is seen.
      if (!attach(programs, i)) files_[i].found.places.clear();
      learned_ns_ = now_ns;
    }
  }
}

void CoroutineProbes::on_record(std::span<const std::byte> record) {
  if (silent() && coroutine::probes::is_hit(record)) hit_ = true;
}

bool CoroutineProbes::learns() const {
  return std::any_of(files_.begin(), files_.end(), [](const File& each) {
    return each.runtime != nullptr && each.runtime->landing != nullptr;
  });
}

void CoroutineProbes::follow_returns(probe::CoroutinePrograms& programs) {
  if (!learns() || !over_budget_.empty()) return;
  for (const triptych_cpp_return& place : programs.take_new_returns()) {
    learned_ns_ = monotonic_ns();
    const bool covered = cover(programs, place);
    programs.settle_return(place,
                           covered ? TRIPTYCH_CPP_RETURN_COVERED : TRIPTYCH_CPP_RETURN_REFUSED);
  }
}

bool CoroutineProbes::cover(probe::CoroutinePrograms& programs, const triptych_cpp_return& place) {
  std::size_t number = place.file - 1;
  std::uint64_t address = place.address;
  if (place.file == 0) {
    const auto mapped = coroutine::probes::mapping_at(static_cast<pid_t>(place.tgid), address);
    if (!mapped) return false;
    const auto found = std::find_if(files_.begin(), files_.end(), [&](const File& each) {
      return each.device == mapped->device && each.inode == mapped->inode;
    });
    if (found == files_.end()) return false;
    const auto here = found->elf.code_address(mapped->offset);
    if (!here) return false;
    number = static_cast<std::size_t>(found - files_.begin());
    address = *here;
  }
  if (number >= files_.size()) return false;
  const File& file = files_[number];
  if (file.runtime == nullptr || file.runtime->landing == nullptr) return false;
  const auto landing = file.runtime->landing(file.elf, address);
  if (!landing) return false;
  probe::UserProbe probe{landing->offset, landing->site};
  probe.site.file = static_cast<std::uint32_t>(number);
  if (!programs.attach(file.runtime->program, file.elf.fd(), std::span(&probe, 1))) return false;
  if (place.file == 0) {
    // Whoever else maps the file returns there, too.
    programs.settle_return({address, static_cast<std::uint32_t>(number + 1), 0},
                           TRIPTYCH_CPP_RETURN_COVERED);
  }
  return true;
}

std::optional<triptych_coroutine_lost> CoroutineProbes::keep_budget(
    probe::CoroutinePrograms& programs, std::uint64_t now_ns) {
  if (!wanted() || !over_budget_.empty() || now_ns - paid_ns_ < kBudgetNs) return std::nullopt;
  const probe::CoroutinePrograms::Cost cost = programs.cost();
  const double ns = static_cast<double>(cost.ns - paid_.ns);
  const double share = ns / static_cast<double>(now_ns - paid_ns_);
  const std::uint64_t hits = cost.hits - paid_.hits;
  paid_ = cost;
  paid_ns_ = now_ns;
  if (share * 1000 <= budget_permille_) return std::nullopt;
  programs.detach();
  over_budget_ =
      fmt::format("{:.1f} % of a CPU, for {} hits in a second", share * 100, format_count(hits));
  triptych_coroutine_lost lost{};
  lost.hdr.ts_ns = now_ns;
  lost.hdr.kind = TRIPTYCH_EV_COROUTINE_LOST;
  lost.hdr.size8 = sizeof(lost) / 8;
  lost.first_ns = now_ns;
  lost.last_ns = now_ns;
  lost.reason = TRIPTYCH_COROUTINE_LOSS_BUDGET;
  return lost;
}

std::uint64_t CoroutineProbes::next_sleep_ns(std::uint64_t now_ns) const {
  const bool often = learns() && now_ns - learned_ns_ < kLearningNs;
  return often ? kLearningSleepNs : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace triptych::record
