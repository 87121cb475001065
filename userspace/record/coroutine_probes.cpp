// SPDX-License-Identifier: Apache-2.0
#include "record/coroutine_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "coroutine/probes/mapped_files.hpp"
#include "record/bystanders.hpp"
#include "record/coroutine_hints.hpp"
#include "record/coroutine_limits.hpp"
#include "record/coroutine_readers.hpp"
#include "record/coroutine_target.hpp"
#include "record/event_loop.hpp"

namespace triptych::record {
namespace {

// As long as new places to return to come, and at the beginning, they are looked for often: what is
// resumed from an unknown one has no known end.
constexpr std::uint64_t kLearningNs = 2'000'000'000;
constexpr std::uint64_t kLearningSleepNs = 2'000'000;

// At the beginning most libraries are mapped.
constexpr std::uint64_t kWatchingSleepNs = 20'000'000;

constexpr std::uint64_t kBudgetNs = 1'000'000'000;

}  // namespace

Result<CoroutineProbes> CoroutineProbes::plan(const Options& options, const launch::User& caller) {
  CoroutineProbes probes;
  probes.caller_ = caller;
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
  watches_ = true;
  TRIPTYCH_TRY_ASSIGN(reader_, start_reader(caller_));
  finder_ = std::make_unique<CoroutineFinder>(
      CoroutineFinder::of_markers(*reader_, options.coroutine_markers));
  TRIPTYCH_TRY_ASSIGN(const std::string where, look_into_target(options, {}));
  if (auto refusal = finder_->take_refusal()) return tl::unexpected<Error>(std::move(*refusal));
  if (wanted()) return {};
  if (options.kind == model::TargetKind::kProcess) {
    return fail(
        fmt::format("no markers of coroutines in {}", where),
        "a program that includes <triptych/usdt.h> has them; readelf -n shows what others have");
  }
  news_.push_back(
      fmt::format("no markers of coroutines in {} yet, or in its libraries: they are "
                  "waited for in what is mapped later",
                  where));
  return {};
}

Result<void> CoroutineProbes::look_for_runtime(const Options& options) {
  by_name_ = true;
  runtime_ = find_coroutine_runtime(options.coroutine_runtime);
  if (runtime_ == nullptr) {
    TRIPTYCH_TRY(look_for_function(options));
  } else if (runtime_->in_any_file()) {
    TRIPTYCH_TRY(look_for_runtimes(options));
  } else {
    TRIPTYCH_TRY_ASSIGN(reader_, start_reader(caller_));
    finder_ = std::make_unique<CoroutineFinder>(CoroutineFinder::of_runtime(*reader_, runtime_));
    CoroutineProgram program;
    program.tgid = options.process;
    if (options.kind == model::TargetKind::kCommand) {
      TRIPTYCH_TRY_ASSIGN(program.path, program_of_command(options));
    }
    TRIPTYCH_TRY_ASSIGN(CoroutineFile found, find_module(*reader_, *runtime_, program));
    finder_->add(found.file, found.path, runtime_, std::move(found.found));
    take_findings();
    finder_.reset();
    reader_.reset();  // nothing else is looked for
  }
  for (const ProbedFile& file : files_) {
    std::string others =
        bystanders_of(file.file.fd(), file.path, options.process, file.found.only_serves);
    if (!others.empty()) bystanders_.push_back(std::move(others));
  }
  return {};
}

Result<void> CoroutineProbes::look_for_function(const Options& options) {
  const std::string& name = options.coroutine_runtime;
  runtime_ = &named_function();
  watches_ = true;
  TRIPTYCH_TRY_ASSIGN(reader_, start_reader(caller_));
  finder_ = std::make_unique<CoroutineFinder>(CoroutineFinder::of_function(*reader_, name));
  TRIPTYCH_TRY_ASSIGN(const std::string where, look_into_target(options, {}));
  if (wanted()) return {};
  // A word that is misspelt is not waited for.
  return fail(
      fmt::format("{} is no runtime that is known, and no function in {}", quote(name), where),
      fmt::format("--coroutines uprobe: takes {}, or the name of a function as `nm` shows it",
                  coroutine_runtime_names()));
}

Result<void> CoroutineProbes::look_for_runtimes(const Options& options) {
  watches_ = true;
  TRIPTYCH_TRY_ASSIGN(reader_, start_reader(caller_));
  if (!by_name_ || runtime_->learns) {
    TRIPTYCH_TRY(landings_.start(caller_, by_name_));
  }
  finder_ =
      std::make_unique<CoroutineFinder>(by_name_ ? CoroutineFinder::of_runtime(*reader_, runtime_)
                                                 : CoroutineFinder::of_cheap_places(*reader_));
  CoroutineFinder::IsOurs is_ours;
  if (!by_name_) is_ours = [&options](pid_t tgid) { return tgid == options.process; };
  TRIPTYCH_TRY_ASSIGN(const std::string where, look_into_target(options, is_ours));
  const std::optional<Error> refusal = finder_->take_refusal();
  if (!by_name_) return look_at_program(options);
  if (refusal) return tl::unexpected<Error>(*refusal);
  return explain_none(options, where);
}

// What there is to say of the target's program besides what can be probed: that it was stripped may
// be why nothing was found, and it may have what is not looked for.
Result<void> CoroutineProbes::look_at_program(const Options& options) {
  TRIPTYCH_TRY_ASSIGN(const auto program, target_program(options));
  const coroutine::reader::Examined about = traits_of(*reader_, program.file);
  if (!wanted() && symbols_of(about) == Symbols::kStrippedOfCpp) {
    remarks_.push_back({"coroutine", "",
                        program.called +
                            " has no symbols: if it has C++20 coroutines, probes cannot find "
                            "them"});
  }
  std::string hint = coroutine_hint(*reader_, about, program.file, program.called);
  if (!hint.empty()) news_.push_back(std::move(hint));
  return {};
}

// Of what was asked for by name, when it is not there.
Result<void> CoroutineProbes::explain_none(const Options& options, const std::string& where) {
  const bool has_any = std::any_of(files_.begin(), files_.end(),
                                   [](const ProbedFile& file) { return !file.found.only_serves; });
  if (has_any) return {};
  TRIPTYCH_TRY_ASSIGN(const auto program, target_program(options));
  std::string why;
  if (!wanted() && runtime_->by_symbols &&
      symbols_of(traits_of(*reader_, program.file)) != Symbols::kThere) {
    why = fmt::format("{} has no symbols, by which they are found",
                      where == quote(program.called) ? "it" : quote(program.called));
  }
  if (options.kind != model::TargetKind::kProcess && !runtime_->is_spread) {
    news_.push_back(
        fmt::format("no {} in {} yet, or in its libraries{}: they are waited for in what "
                    "is mapped later",
                    runtime_->coroutines, where, why.empty() ? "" : " (" + why + ")"));
    return {};
  }
  if (!why.empty()) {
    return fail(fmt::format("no {} in {}: {}", runtime_->coroutines, where, why),
                "one that is not stripped has them");
  }
  return fail(fmt::format("no {} in {}", runtime_->coroutines, where),
              "`triptych doctor` with the same -p PID or -- COMMAND says what could be seen");
}

// What was looked into, as people call it. An error when the reader ended, and what it is not known
// for was asked for by name.
Result<std::string> CoroutineProbes::look_into_target(const Options& options,
                                                      const CoroutineFinder::IsOurs& is_ours) {
  std::string where = fmt::format("the files of process {}", options.process);
  if (options.kind == model::TargetKind::kProcess) {
    finder_->look_into_process(options.process, is_ours);
  } else {
    TRIPTYCH_TRY_ASSIGN(const std::string program, program_of_command(options));
    TRIPTYCH_TRY_ASSIGN(const launch::User user, user_of_command(options, caller_));
    finder_->look_into_command(program, user, is_ours);
    where = quote(program);
  }
  if (const std::optional<Error> missed = take_findings()) {
    if (by_name_) return tl::unexpected<Error>(*missed);
    news_.push_back(missed->message);
  }
  return where;
}

// Gives back what could not be found out, which is among the remarks then.
std::optional<Error> CoroutineProbes::take_findings() {
  for (ProbedFile& file : finder_->take_files()) files_.push_back(std::move(file));
  for (model::PlannedEvent& remark : finder_->take_remarks()) remarks_.push_back(std::move(remark));
  if (finder_->context_layout()) context_layout_ = finder_->context_layout();
  std::optional<Error> missed = finder_->take_missed();
  if (missed) {
    remarks_.push_back({"coroutine", "", missed->message});
    watches_ = false;
  }
  return missed;
}

Result<void> CoroutineProbes::settle_for(const probe::Capabilities& capabilities) {
  if (!wanted() && !watches_) return {};
  WantedProbes asked{programs(), 0, by_name_, {}};
  if (loads_late()) asked.programs = late_programs();
  for (const ProbedFile& file : files_) {
    asked.places += file.found.places.size();
    if (file.runtime != nullptr) asked.runtime = file.runtime->name;
  }
  TRIPTYCH_TRY_ASSIGN(const SettledProbes settled, settle_probes(asked, capabilities));
  if (!settled.way) watches_ = false;
  way_ = settled.way.value_or(probe::UserProbeWay::kTogether);
  if (settled.refusal.empty()) return {};
  if (wanted()) remarks_.push_back({"coroutine", "", settled.refusal});
  files_.clear();
  return {};
}

void CoroutineProbes::cannot_watch(const Error& why) {
  watches_ = false;
  remarks_.push_back({"coroutine", "", "not of what is mapped later: " + why.message});
}

// Most commands have no coroutines, and none are mapped later either: loading what it would take
// made each recording start a fifth later.
bool CoroutineProbes::loads_late() const {
  return watches_ && !by_name_ && !wanted();
}

std::vector<std::string> CoroutineProbes::late_programs() const {
  const std::vector<std::string_view> programs = finder_->programs();
  return {programs.begin(), programs.end()};
}

std::vector<std::string> CoroutineProbes::programs() const {
  std::vector<std::string> programs;
  const auto add = [&programs](std::string_view program) {
    if (std::find(programs.begin(), programs.end(), program) == programs.end()) {
      programs.emplace_back(program);
    }
  };
  if (watches_ && !loads_late()) {
    for (const std::string& program : late_programs()) add(program);
  }
  for (const ProbedFile& file : files_) {
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

std::vector<probe::UserProbe> CoroutineProbes::probes_of(const ProbedFile& file,
                                                         std::uint32_t number,
                                                         std::uint32_t first_function) const {
  std::vector<probe::UserProbe> probes;
  probes.reserve(file.found.places.size());
  for (const auto& place : file.found.places) {
    probe::UserProbe probe{place.offset, place.site, place.watchers};
    probe.site.file = number;
    if (probe.site.function != 0) probe.site.function += first_function;
    probes.push_back(probe);
  }
  return probes;
}

std::string CoroutineProbes::one_by_one() const {
  if (!sit_one_by_one()) return {};
  return record::one_by_one(attached_, attaching_ns_);
}

void CoroutineProbes::explain(std::vector<model::PlannedEvent>& plan) const {
  std::vector<std::string> remarks;
  if (std::string how = one_by_one(); !how.empty()) remarks.push_back(std::move(how));
  for (const ProbedFile& file : files_) {
    if (file.found.lower_bounds) remarks.push_back(lower_bounds_of(file.path));
  }
  explain_probes(plan, remarks);
}

Result<void> CoroutineProbes::attach(probe::CoroutinePrograms& programs) {
  const std::uint64_t begin_ns = monotonic_ns();
  for (std::size_t i = 0; i < files_.size(); ++i) TRIPTYCH_TRY(attach(programs, i));
  learned_ns_ = paid_ns_ = monotonic_ns();
  attaching_ns_ = learned_ns_ - begin_ns;
  attached_ = programs.places();
  return {};
}

Result<void> CoroutineProbes::attach(probe::CoroutinePrograms& programs, std::size_t index) {
  const ProbedFile& file = files_[index];
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
  if (file.found.loop) {
    triptych_context_loop loop = *file.found.loop;
    loop.file = number;
    programs.set_context_loop(loop);
  }
  if (file.found.python) TRIPTYCH_TRY(programs.add_python(number, *file.found.python));
  for (const std::uint64_t address : file.found.returns) {
    programs.settle_return({address, number + 1, 0}, TRIPTYCH_CPP_RETURN_COVERED);
  }
  const std::string_view program =
      file.runtime == nullptr ? "on_coroutine_marker" : file.runtime->program;
  TRIPTYCH_TRY(programs.attach(program, file.file.fd(), probes_of(file, number, first_function)));
  return {};
}

// In a thread of its own: a large file takes longer than the rings have room for.
void CoroutineProbes::look_into_mapped(probe::CoroutinePrograms& programs,
                                       std::set<model::Tid> mappers,
                                       const std::set<model::Tid>& recorded, std::uint64_t now_ns) {
  if (!watches_ || !over_budget_.empty()) return;
  using std::chrono_literals::operator""s;
  if (looking_.valid() && looking_.wait_for(0s) == std::future_status::ready) {
    finder_ = looking_.get();
    looked_into_ = finder_->take_looked_into();
    attach_findings(programs, now_ns);
  }
  mappers_.merge(mappers);
  if (looking_.valid() || mappers_.empty()) return;
  looking_ = std::async(std::launch::async, [finder = std::move(finder_), recorded,
                                             those = std::exchange(mappers_, {})]() mutable {
    finder->look_into_processes(those, recorded);
    return std::move(finder);
  });
}

void CoroutineProbes::attach_findings(probe::CoroutinePrograms& programs, std::uint64_t now_ns) {
  const std::size_t before = files_.size(), told = remarks_.size();
  take_findings();
  for (std::size_t i = before; i < files_.size(); ++i) {
    if (const auto attached = attach_late(programs, i); !attached) {
      news_.push_back(
          fmt::format("{} is not probed: {}", quote(files_[i].path), attached.error().message));
      files_[i].found.places.clear();
    }
    learned_ns_ = now_ns;
  }
  for (std::size_t i = told; i < remarks_.size(); ++i) news_.push_back(remarks_[i].reason);
  if (const auto refusal = finder_->take_refusal()) {
    news_.push_back(refusal->message + ": not probed");
  }
}

std::vector<std::string> CoroutineProbes::take_news() {
  tell_ended_reader();
  std::vector<std::string> news = std::exchange(news_, {});
  for (std::string& each : landings_.take_news()) news.push_back(std::move(each));
  return news;
}

// One that ended without being asked.
void CoroutineProbes::tell_ended_reader() {
  if (watches_ && !looking_.valid() && !reader_->runs()) {
    watches_ = false;
    news_.emplace_back(
        "which coroutines can be probed in what is mapped from now on is not known: the reader of "
        "programs ended");
  }
}

void CoroutineProbes::stop_looking() {
  watches_ = false;
  if (reader_) reader_->kill();
  if (looking_.valid()) looking_.wait();
  looking_ = {};
  finder_.reset();
  reader_.reset();
  landings_.stop();
}

std::uint64_t CoroutineProbes::readers_cpu_ns() const {
  return (reader_ ? reader_->cpu_ns() : 0) + landings_.cpu_ns();
}

Result<void> CoroutineProbes::attach_late(probe::CoroutinePrograms& programs, std::size_t index) {
  std::vector<coroutine::probes::Place>& places = files_[index].found.places;
  for (coroutine::probes::Place& place : places) place.site.late = 1;
  std::string too_many = too_many_places(way_, programs.places() + places.size(), by_name_);
  if (!too_many.empty()) return fail(std::move(too_many));
  if (!programs.loaded()) TRIPTYCH_TRY(programs.load(late_programs(), way_));
  const std::uint64_t begin_ns = monotonic_ns();
  TRIPTYCH_TRY(attach(programs, index));
  if (sit_one_by_one()) {
    news_.push_back(record::one_by_one(places.size(), monotonic_ns() - begin_ns));
  }
  return {};
}

void CoroutineProbes::on_record(std::span<const std::byte> record) {
  if (silent() && coroutine::probes::is_hit(record)) hit_ = true;
}

bool CoroutineProbes::learns() const {
  return std::any_of(files_.begin(), files_.end(), [](const ProbedFile& each) {
    return each.runtime != nullptr && each.runtime->learns;
  });
}

void CoroutineProbes::follow_returns(probe::CoroutinePrograms& programs) {
  if (!learns() || !over_budget_.empty()) return;
  for (const triptych_cpp_return& place : programs.take_new_returns()) {
    learned_ns_ = monotonic_ns();
    const bool covered = landings_.cover(programs, files_, place);
    programs.settle_return(place,
                           covered ? TRIPTYCH_CPP_RETURN_COVERED : TRIPTYCH_CPP_RETURN_REFUSED);
  }
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
  const bool young = now_ns - learned_ns_ < kLearningNs;
  if (looking_.valid() || (young && learns())) return kLearningSleepNs;
  if (young && watches_) return kWatchingSleepNs;
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace triptych::record
