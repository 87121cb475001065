// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/drain.hpp"

#include <algorithm>
#include <utility>

#include "coroutine/ring/source.hpp"

namespace triptych::coroutine::ring {
namespace {

// A memory is made by each program that is started: those of programs that ended are let go, so
// only somebody who means harm has so many.
constexpr std::size_t kMostMemories = 1024;

constexpr std::uint64_t kShortestNs = 1'000'000;
constexpr std::uint64_t kLongestNs = 10'000'000;

}  // namespace

Drain::Drain()
    : clock_(read_anchor()),
      newest_(clock_.to()),
      last_write_ns_(clock_.to().ns),
      sleep_ns_(kLongestNs) {}
Drain::Drain(Drain&&) noexcept = default;
Drain::~Drain() {
  disarm();
}

Result<bool> Drain::add(UniqueFd fd, model::Tid process, bool from_start) {
  if (sources_.size() >= kMostMemories) {
    return fail("too many programs with coroutines at once",
                "the coroutines of further ones are not recorded");
  }
  TRIPTYCH_TRY_ASSIGN(Memory memory, Memory::open(std::move(fd)));
  for (const auto& source : sources_) {
    if (source->memory().inode() == memory.inode()) return false;
  }
  auto source = std::make_unique<Source>(std::move(memory), process, from_start);
  if (!from_start) TRIPTYCH_TRY(source->arm(read_anchor()));
  sources_.push_back(std::move(source));
  return true;
}

void Drain::begin() {
  const Anchor now = read_anchor();
  const std::uint64_t elapsed_ns = now.ns - newest_.ns;
  clock_.advance(std::exchange(newest_, now));
  std::uint64_t sleep_ns = kLongestNs;
  for (const auto& source : sources_) {
    source->keep_armed(now);
    source->look(elapsed_ns, threads_);
    // An eighth of a ring, at the present rate.
    const std::uint64_t bytes = std::max<std::uint64_t>(source->fullest_bytes(), 1);
    const std::uint64_t room = source->memory().ring_bytes() / 8;
    const double wanted =
        static_cast<double>(elapsed_ns) * static_cast<double>(room) / static_cast<double>(bytes);
    if (wanted < static_cast<double>(sleep_ns)) sleep_ns = static_cast<std::uint64_t>(wanted);
  }
  sleep_ns_ = std::max(sleep_ns, kShortestNs);
}

Result<void> Drain::write(const Sink& sink) {
  if (sources_.empty()) {
    last_write_ns_ = clock_.to().ns;
    forget_ended();
    return {};
  }
  const Anchor latest = read_anchor();
  const Cycle cycle{threads_,
                    clock_,
                    last_write_ns_,
                    clock_.to().ns,
                    latest.tsc,
                    latest.ns,
                    {next_space_, next_function_},
                    sink};
  for (;;) {
    Source* first = nullptr;
    model::TimeNs first_ns = 0;
    for (const auto& source : sources_) {
      model::TimeNs at_ns = 0;
      if (!source->next(cycle, at_ns) || (first != nullptr && at_ns >= first_ns)) continue;
      first = source.get();
      first_ns = at_ns;
    }
    if (first == nullptr) break;
    TRIPTYCH_TRY(first->write(cycle));
  }
  for (const auto& source : sources_) TRIPTYCH_TRY(source->end_cycle(cycle));
  last_write_ns_ = cycle.to_ns;
  for (auto at = sources_.begin(); at != sources_.end();) {
    if (!(*at)->ended()) {
      ++at;
      continue;
    }
    TRIPTYCH_TRY((*at)->write_totals(clock_, last_write_ns_, cycle.serials, sink));
    at = sources_.erase(at);
  }
  forget_ended();
  return {};
}

// All that they wrote until then has been read; a memory that has just come was handed over later.
void Drain::forget_ended() {
  std::vector<model::Tid> roots;
  roots.reserve(sources_.size());
  for (const auto& source : sources_) {
    const Process* root = threads_.process(source->process());
    if (root != nullptr) roots.push_back(root->tgid);
  }
  threads_.forget_ended(last_write_ns_, roots);
}

void Drain::disarm() {
  const Anchor now = read_anchor();
  for (const auto& source : sources_) source->disarm(now);
}

Result<void> Drain::write_totals(const Sink& sink) {
  for (const auto& source : sources_) {
    TRIPTYCH_TRY(source->write_totals(clock_, last_write_ns_, {next_space_, next_function_}, sink));
  }
  sources_.clear();
  return {};
}

bool Drain::has_memory(model::Tid process) const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [process](const auto& source) { return source->process() == process; });
}

}  // namespace triptych::coroutine::ring
