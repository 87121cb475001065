// SPDX-License-Identifier: Apache-2.0
//
// The coroutines of a program that is watched by probes: in which of its files, at which places, as
// its markers say or as what is known of its runtime does.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "coroutine/reader/program_reader.hpp"
#include "launch/user.hpp"
#include "model/ids.hpp"
#include "model/metadata.hpp"
#include "probe/capabilities.hpp"
#include "probe/session.hpp"
#include "record/coroutine_finder.hpp"
#include "record/coroutine_landings.hpp"
#include "record/options.hpp"

namespace triptych::record {

class CoroutineProbes {
 public:
  // Looks into the command's program, or into the files that the process has mapped. An error when
  // there is nothing to probe and it was asked for by name. The files are read by children, with
  // `caller`'s rights, that are forked here: only while this process has one thread.
  static Result<CoroutineProbes> plan(const Options& options, const launch::User& caller);

  // What this kernel refuses is not wanted, unless it was asked for by name; neither are more
  // places than it takes in its way.
  Result<void> settle_for(const probe::Capabilities& capabilities);

  [[nodiscard]] bool wanted() const { return !files_.empty(); }
  [[nodiscard]] bool markers() const { return markers_; }
  [[nodiscard]] std::vector<std::string> programs() const;
  // What of it the trace has to say besides the hooks.
  [[nodiscard]] std::vector<model::PlannedEvent> remarks() const;
  Result<void> attach(probe::CoroutinePrograms& programs);
  // They take long to go.
  [[nodiscard]] bool sit_one_by_one() const {
    return wanted() && way_ == probe::UserProbeWay::kOneByOne;
  }
  // Where they do: what that means. Otherwise empty.
  [[nodiscard]] std::string one_by_one() const;
  // What the plan of the kernel's hooks has to say besides of those that are probes in programs.
  void explain(std::vector<model::PlannedEvent>& plan) const;
  // Whom the probes of what was asked for by name hit besides.
  [[nodiscard]] const std::vector<std::string>& bystanders() const { return bystanders_; }

  void on_record(std::span<const std::byte> record);
  // Files that are mapped later are looked into, too.
  [[nodiscard]] bool watches() const { return watches_; }
  void cannot_watch(const Error& why);
  // These have mapped what nobody had before, of all that are recorded.
  void look_into_mapped(probe::CoroutinePrograms& programs, std::set<model::Tid> mappers,
                        const std::set<model::Tid>& recorded, std::uint64_t now_ns);
  // Nobody waits for what is still being looked into.
  void stop_looking();
  // What those who read the files took of the CPUs.
  [[nodiscard]] std::uint64_t readers_cpu_ns() const;
  [[nodiscard]] LookedInto take_looked_into() { return std::exchange(looked_into_, {}); }
  // What there is to say since it was asked last.
  std::vector<std::string> take_news();
  // Probes where coroutines have been seen to return to.
  void follow_returns(probe::CoroutinePrograms& programs);
  // Takes the probes away when they have cost too much since the last time. Then what the trace has
  // to say of it, once.
  std::optional<triptych_coroutine_lost> keep_budget(probe::CoroutinePrograms& programs,
                                                     std::uint64_t now_ns);
  // "12.3 % of a CPU for 30,000 hits"; empty: they were not taken away.
  [[nodiscard]] const std::string& over_budget() const { return over_budget_; }
  [[nodiscard]] std::uint64_t next_sleep_ns(std::uint64_t now_ns) const;
  // Not one hit came: there may have been no coroutine, or the probes are elsewhere.
  [[nodiscard]] bool silent() const { return (wanted() || by_name_) && !hit_; }

 private:
  using Reader = coroutine::reader::ProgramReader;
  Result<void> look_for_markers(const Options& options);
  Result<void> look_for_runtime(const Options& options);
  Result<void> look_for_function(const Options& options);
  Result<void> look_for_runtimes(const Options& options);
  Result<std::string> look_into_target(const Options& options,
                                       const CoroutineFinder::IsOurs& is_ours);
  Result<void> look_at_program(const Options& options);
  Result<void> explain_none(const Options& options, const std::string& where);
  std::optional<Error> take_findings();
  void tell_ended_reader();
  [[nodiscard]] bool loads_late() const;
  [[nodiscard]] std::vector<std::string> late_programs() const;  // of what is yet to be found
  void attach_findings(probe::CoroutinePrograms& programs, std::uint64_t now_ns);
  Result<void> attach_late(probe::CoroutinePrograms& programs, std::size_t index);
  Result<void> attach(probe::CoroutinePrograms& programs, std::size_t number);
  [[nodiscard]] std::vector<probe::UserProbe> probes_of(const ProbedFile& file,
                                                        std::uint32_t number,
                                                        std::uint32_t first_function) const;
  [[nodiscard]] bool learns() const;  // where coroutines return to, while it watches them

  launch::User caller_;
  std::unique_ptr<Reader> reader_;  // of what is looked for; null: nothing more
  CoroutineLandings landings_;
  std::unique_ptr<CoroutineFinder> finder_;  // null while it looks, in a thread of its own
  std::future<std::unique_ptr<CoroutineFinder>> looking_;
  std::set<model::Tid> mappers_;  // to be looked into when it is back
  LookedInto looked_into_;
  bool watches_ = false;
  std::vector<std::string> news_;
  std::vector<ProbedFile> files_;
  std::vector<model::PlannedEvent> remarks_;
  std::vector<std::string> bystanders_;
  const CoroutineRuntime* runtime_ = nullptr;  // asked for by name
  std::optional<triptych_context_layout> context_layout_;
  bool markers_ = false;
  bool by_name_ = false;
  bool hit_ = false;
  probe::UserProbeWay way_ = probe::UserProbeWay::kTogether;
  std::uint32_t attached_ = 0;  // places, before the target ran
  std::uint64_t attaching_ns_ = 0;
  std::uint32_t budget_permille_ = 0;
  probe::CoroutinePrograms::Cost paid_;
  std::uint64_t paid_ns_ = 0;  // when that was looked at
  std::string over_budget_;
  std::uint64_t learned_ns_ = 0;  // when a new place to return to was met last
};

}  // namespace triptych::record
