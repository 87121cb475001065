// SPDX-License-Identifier: Apache-2.0
#include "record/coroutines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/clock.hpp"
#include "coroutine/ring/find.hpp"
#include "record/coroutine_runtimes.hpp"
#include "record/event_loop.hpp"

namespace triptych::record {
namespace {

// A program that we did not start may load its recorder late.
constexpr std::uint64_t kLookForRingsAgainNs = 500'000'000;

// A process is told of when its exec is, long before it can write.
constexpr std::uint64_t kLongestPendingNs = 1'000'000'000;
constexpr std::size_t kMostPending = 256;
constexpr int kMostLetters = 64;  // in a drain

}  // namespace

Result<Coroutines> Coroutines::prepare(const Options& options) {
  Coroutines coroutines;
  const bool wanted =
      options.coroutines == CoroutineWay::kRecorder || options.coroutines == CoroutineWay::kAuto;
  if (!wanted || options.summary_only) return coroutines;
  coroutines.by_name_ = options.coroutines == CoroutineWay::kRecorder;
  coroutines.probes_besides_ = !coroutines.by_name_ && options.kind != model::TargetKind::kMachine;
  coroutines.ring_bytes_ = options.coroutine_ring_bytes;
  TRIPTYCH_TRY_ASSIGN(coroutines.inbox_, coroutine::ring::Inbox::open());
  coroutines.drain_.emplace();
  return coroutines;
}

std::string Coroutines::environment() const {
  return inbox_ ? inbox_->environment(ring_bytes_) : std::string();
}

model::PlannedEvent Coroutines::plan() const {
  if (!inbox_) return {"coroutine", "", "not asked for"};
  constexpr const char* kOfWhom = "of programs that link triptych's recorder";
  if (!probes_besides_) {
    return {"coroutine", "recorder", fmt::format("{}; others are not seen", kOfWhom)};
  }
  std::vector<std::string_view> cheap;
  for (const CoroutineRuntime& each : coroutine_runtimes()) {
    if (each.in_any_file() && !each.is_spread) cheap.push_back(each.coroutines);
  }
  return {"coroutine", "recorder",
          fmt::format("{}; besides {} are looked for, to be probed where that is cheap; what else "
                      "could be seen when it is asked for by name, `triptych doctor` says of the "
                      "same -p PID or -- COMMAND",
                      kOfWhom, fmt::join(cheap, " and "))};
}

void Coroutines::start(const model::Target& target, std::uint32_t stream, Console& console) {
  if (!drain_) return;
  target_ = target;
  stream_ = stream;
  console_ = &console;
  if (target.kind == model::TargetKind::kMachine) {
    for (const model::Tid process : coroutine::ring::all_processes()) {
      for (UniqueFd& memory : coroutine::ring::find_memories(process)) {
        add(std::move(memory), process, false);
      }
    }
  }
  look_for_memories();
}

void Coroutines::look_for_memories() {
  if (target_.kind != model::TargetKind::kProcess || drain_->memories() != 0) return;
  const std::uint64_t now_ns = monotonic_ns();
  if (now_ns < next_look_ns_) return;
  next_look_ns_ = now_ns + kLookForRingsAgainNs;
  for (UniqueFd& memory : coroutine::ring::find_memories(target_.tgid)) {
    add(std::move(memory), target_.tgid, false);
  }
}

void Coroutines::add(UniqueFd memory, model::Tid process, bool from_start) {
  const auto added = drain_->add(std::move(memory), process, from_start);
  met_ = met_ || added.has_value();
  if (added || !told_.insert(added.error().message).second) return;
  console_->say(fmt::format("the coroutines of process {} are not recorded: {}", process,
                            added.error().message));
}

void Coroutines::begin() {
  if (!drain_) return;
  look_for_memories();
  drain_->begin();
  // Afterwards: of the threads that ended before this cycle's moment none is remembered but for the
  // memories that have come, and a program hands over its own before its first thread.
  for (int i = 0; inbox_ && i < kMostLetters; ++i) {
    auto letter = inbox_->take();
    if (!letter) break;
    if (pending_.size() < kMostPending) pending_.push_back({std::move(*letter), monotonic_ns()});
  }
}

void Coroutines::on_record(std::span<const std::byte> record) {
  if (drain_) drain_->on_record(record);
}

void Coroutines::admit_known() {
  if (pending_.empty()) return;
  std::vector<Pending> unknown;
  const std::uint64_t now_ns = monotonic_ns();
  for (Pending& pending : pending_) {
    if (drain_->threads().process(pending.letter.sender) != nullptr) {
      add(std::move(pending.letter.memory), pending.letter.sender, true);
    } else if (now_ns - pending.since_ns < kLongestPendingNs) {
      unknown.push_back(std::move(pending));
    }
  }
  pending_ = std::move(unknown);
}

Result<void> Coroutines::write(trace::Writer& writer) {
  if (!drain_) return {};
  drain_->meet_threads();
  admit_known();
  return drain_->write([this, &writer](std::span<const std::byte> record) {
    return writer.append(stream_, record);
  });
}

void Coroutines::disarm() {
  if (drain_) drain_->disarm();
}

Result<void> Coroutines::finish(trace::Writer& writer) {
  if (!drain_) return {};
  const auto sink = [this, &writer](std::span<const std::byte> record) {
    return writer.append(stream_, record);
  };
  drain_->begin();
  drain_->meet_threads();
  auto written = drain_->write(sink);
  if (written) written = drain_->write_totals(sink);
  // Nobody hands over anything to a recording that has ended.
  inbox_.reset();
  drain_.reset();
  return written;
}

std::uint64_t Coroutines::next_sleep_ns() const {
  if (!drain_ || drain_->memories() == 0) return std::numeric_limits<std::uint64_t>::max();
  return drain_->next_sleep_ns();
}

}  // namespace triptych::record
