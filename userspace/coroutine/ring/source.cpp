// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/source.hpp"

#include <algorithm>
#include <utility>

#include "abi/coroutines.h"
#include "abi/events.h"

namespace triptych::coroutine::ring {
namespace {

// A thread writes an event in some nanoseconds: never more than this in a time.
constexpr std::uint64_t kMostEventsPerNs = 2;
// Between two looks at a head and the clock.
constexpr std::uint64_t kSlackNs = 1'000'000;

template <class Raw>
Result<void> put(Raw& raw, std::uint8_t kind, model::TimeNs ts_ns, model::TaskId task,
                 const Sink& sink) {
  static_assert(sizeof(Raw) % 8 == 0);
  raw.hdr.ts_ns = ts_ns;
  raw.hdr.task = static_cast<std::uint32_t>(task);
  raw.hdr.kind = kind;
  raw.hdr.size8 = sizeof(Raw) / 8;
  return sink(std::as_bytes(std::span(&raw, 1)));
}

std::uint32_t kind_of(const triptych_coro_event& event) {
  return static_cast<std::uint32_t>(event.what >> TRIPTYCH_CORO_KIND_SHIFT);
}
std::uint64_t id_of(const triptych_coro_event& event) {
  return event.what & TRIPTYCH_CORO_ID_MASK;
}
std::uint32_t function_of(const triptych_coro_event& event) {
  return static_cast<std::uint32_t>(event.what >> TRIPTYCH_CORO_ID_BITS) &
         (TRIPTYCH_CORO_FUNCTIONS - 1);
}

// The kinds of the memory and those of the trace are the same numbers.
static_assert(static_cast<int>(TRIPTYCH_CORO_CREATED) == TRIPTYCH_COROUTINE_CREATED);
static_assert(static_cast<int>(TRIPTYCH_CORO_RESUMED) == TRIPTYCH_COROUTINE_RESUMED);
static_assert(static_cast<int>(TRIPTYCH_CORO_SUSPENDED) == TRIPTYCH_COROUTINE_SUSPENDED);
static_assert(static_cast<int>(TRIPTYCH_CORO_FINISHED) == TRIPTYCH_COROUTINE_FINISHED);
static_assert(static_cast<int>(TRIPTYCH_CORO_DESTROYED) == TRIPTYCH_COROUTINE_DESTROYED);
static_assert(static_cast<int>(TRIPTYCH_CORO_AWAITS) == TRIPTYCH_COROUTINE_AWAITS);

triptych_coro_totals sum_of(const Memory& memory, std::uint32_t function) {
  triptych_coro_totals sum{};
  for (std::uint32_t slot = 0; slot < memory.slots_used(); ++slot) {
    const triptych_coro_totals one = memory.totals(slot, function);
    sum.created += one.created;
    sum.resumed += one.resumed;
    sum.suspended += one.suspended;
    sum.finished += one.finished;
    sum.destroyed += one.destroyed;
    sum.mounted += one.mounted;
  }
  return sum;
}

}  // namespace

Source::Source(Memory memory, model::Tid process, bool from_start)
    : memory_(std::move(memory)),
      process_(process),
      from_start_(from_start),
      numbers_(TRIPTYCH_CORO_FUNCTIONS),
      base_(TRIPTYCH_CORO_FUNCTIONS) {
  if (from_start) return;
  // Another recording may have been here before.
  no_slot_seen_ = memory_.no_slot_events();
  for (std::uint32_t slot = 0; slot < memory_.slots_used(); ++slot) {
    rings_.push_back(std::make_unique<Ring>(memory_, slot, memory_.head(slot)));
  }
  for (std::uint32_t function = 0; function < TRIPTYCH_CORO_FUNCTIONS; ++function) {
    if (function == 0 || memory_.function_used(function))
      base_[function] = sum_of(memory_, function);
  }
}

void Source::keep_armed(const Anchor& now) {
  if (!arming_.keep(memory_, now)) lapsed_ = true;
}

void Source::look(std::uint64_t elapsed_ns, const Threads& threads) {
  ended_ = all_ended(threads);
  for (auto slot = static_cast<std::uint32_t>(rings_.size()); slot < memory_.slots_used(); ++slot) {
    rings_.push_back(std::make_unique<Ring>(memory_, slot, 0));
  }
  fullest_bytes_ = 0;
  for (const auto& ring : rings_) {
    ring->reader.set_limit((elapsed_ns + kSlackNs) * kMostEventsPerNs);
    fullest_bytes_ = std::max(fullest_bytes_, ring->reader.waiting() * sizeof(triptych_coro_event));
  }
  sorted_ = false;
}

// False when the event is of the next cycle. Sets ring.next_ns.
bool Source::time_of(Ring& ring, const triptych_coro_event& event, const Cycle& cycle) {
  ring.clamped = false;
  const std::uint32_t kind = kind_of(event);
  if (kind == TRIPTYCH_CORO_AWAITS) {  // its stamp is another's id
    ring.next_ns = std::max(ring.last_ns, cycle.from_ns);
    return true;
  }
  const bool tsc = memory_.uses_tsc();
  const bool in_future = event.stamp > (tsc ? cycle.latest_tsc : cycle.latest_ns);
  if (!in_future && event.stamp > (tsc ? cycle.clock.to().tsc : cycle.to_ns)) return false;
  const model::TimeNs said = in_future ? cycle.to_ns
                             : tsc     ? cycle.clock.ns_of(event.stamp)
                                       : event.stamp;
  const model::TimeNs least = std::max(ring.last_ns, cycle.from_ns);
  ring.next_ns = std::clamp(said, std::min(least, cycle.to_ns), cycle.to_ns);
  ring.clamped = in_future || said < least;
  return true;
}

void Source::find_next(Ring& ring, const Cycle& cycle) {
  for (;;) {
    const triptych_coro_event* event = ring.reader.peek();
    ring.waiting = event != nullptr && time_of(ring, *event, cycle);
    if (!ring.waiting) return;
    if (kind_of(*event) == TRIPTYCH_CORO_THREAD) {
      ring.tid = static_cast<std::uint32_t>(id_of(*event));
      ring.owner = {};
    } else if (kind_of(*event) >= TRIPTYCH_CORO_CREATED &&
               kind_of(*event) <= TRIPTYCH_CORO_AWAITS) {
      return;
    }
    ring.reader.pop();  // a thread's coming is no event of a coroutine, other kinds are nonsense
  }
}

bool Source::next(const Cycle& cycle, model::TimeNs& next_ns) {
  const auto later = [this](std::uint32_t a, std::uint32_t b) {
    return rings_[a]->next_ns > rings_[b]->next_ns;
  };
  if (!sorted_) {
    heap_.clear();
    for (std::uint32_t index = 0; index < rings_.size(); ++index) {
      find_next(*rings_[index], cycle);
      if (rings_[index]->waiting) heap_.push_back(index);
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
    sorted_ = true;
  }
  if (heap_.empty()) return false;
  next_ns = rings_[heap_.front()]->next_ns;
  return true;
}

Result<void> Source::meet_owner(Ring& ring, const Cycle& cycle) {
  if (ring.owner.sought_ns == cycle.to_ns) return {};
  ring.owner.sought_ns = cycle.to_ns;
  if (ring.tid == 0) {
    // What was overwritten may have told; what the slot says holds from its taking on.
    const SlotState state = memory_.slot(ring.reader.slot());
    if (state.state != 0 && state.claim_head <= ring.reader.position()) ring.tid = state.tid;
  }
  const Process* root = cycle.threads.process(process_);
  model::Tid tgid = root != nullptr ? root->tgid : process_;
  bool living = false;
  for (const auto& [number, process] : cycle.threads.processes()) {
    if (ring.tid == 0 || living || root == nullptr) break;
    if (&process != root && !cycle.threads.descends(process, root->tgid)) continue;
    const Thread* thread =
        Threads::thread(process, static_cast<model::Tid>(ring.tid), ring.next_ns);
    if (thread == nullptr) continue;
    ring.owner.task = thread->task;
    ring.owner.known = true;
    tgid = number;
    living = !thread->ended();  // of two with one number
  }
  TRIPTYCH_TRY_ASSIGN(ring.owner.space, space_of(tgid, ring.next_ns, cycle));
  return {};
}

Result<std::uint32_t> Source::space_of(model::Tid tgid, model::TimeNs ts_ns, const Cycle& cycle) {
  for (const Space& space : spaces_) {
    if (space.tgid == tgid) return space.number;
  }
  const Process* root = cycle.threads.process(process_);
  const model::Tid root_tgid = root != nullptr ? root->tgid : process_;
  if (tgid != root_tgid && spaces_.empty()) TRIPTYCH_TRY(space_of(root_tgid, ts_ns, cycle));
  triptych_coroutine_space raw{};
  raw.ring_bytes = memory_.ring_bytes();
  raw.space = cycle.serials.space++;
  raw.tgid = static_cast<std::uint32_t>(tgid);
  raw.forked_from = spaces_.empty() ? 0 : spaces_.front().number;
  raw.source = TRIPTYCH_COROUTINE_RECORDER;
  raw.clock =
      memory_.uses_tsc() ? TRIPTYCH_COROUTINE_CLOCK_TSC : TRIPTYCH_COROUTINE_CLOCK_MONOTONIC;
  raw.flags = from_start_ ? TRIPTYCH_COROUTINE_FROM_START : 0;
  const Process* process = cycle.threads.process(tgid);
  const bool known = process != nullptr && !process->threads.empty();
  spaces_.push_back({tgid, raw.space});
  TRIPTYCH_TRY(put(raw, TRIPTYCH_EV_COROUTINE_SPACE, ts_ns,
                   known ? process->threads.front().task : model::kNoTask, cycle.sink));
  return spaces_.back().number;
}

Result<std::uint32_t> Source::number_of(std::uint32_t function, model::TimeNs ts_ns,
                                        Serials serials, const Sink& sink) {
  if (function == 0) return 0u;
  std::uint32_t& number = numbers_[function];
  const bool is_new = number == 0;
  if (is_new) number = serials.function++;
  const std::optional<FunctionEntry> entry = memory_.function(function);
  if (!entry) {
    if (is_new) unnamed_.push_back(function);
    return number;
  }
  if (!is_new) return number;
  triptych_coroutine_function raw{};
  raw.address = entry->address;
  raw.function = number;
  raw.line = entry->line;
  entry->name.copy(raw.name, sizeof raw.name);
  TRIPTYCH_TRY(put(raw, TRIPTYCH_EV_COROUTINE_FUNCTION, ts_ns, model::kNoTask, sink));
  return number;
}

Result<void> Source::write_lost(const Ring& ring, std::uint64_t count, std::uint32_t reason,
                                const Cycle& cycle) {
  triptych_coroutine_lost raw{};
  raw.first_ns = std::max(ring.last_ns, cycle.from_ns);
  raw.last_ns = ring.waiting ? ring.next_ns : cycle.to_ns;
  raw.count = count;
  raw.space = ring.owner.space;
  raw.reason = reason;
  return put(raw, TRIPTYCH_EV_COROUTINE_LOST, raw.last_ns, ring.owner.task, cycle.sink);
}

Result<void> Source::write(const Cycle& cycle) {
  const auto later = [this](std::uint32_t a, std::uint32_t b) {
    return rings_[a]->next_ns > rings_[b]->next_ns;
  };
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Ring& ring = *rings_[heap_.back()];
  const std::uint64_t lost = ring.reader.take_lost();
  if (lost != 0) {
    ring.tid = 0;
    ring.owner = {};
  }
  if (!ring.owner.known) TRIPTYCH_TRY(meet_owner(ring, cycle));
  if (lost != 0) TRIPTYCH_TRY(write_lost(ring, lost, TRIPTYCH_COROUTINE_LOSS_RING, cycle));
  const triptych_coro_event event = *ring.reader.peek();
  const std::uint32_t function = function_of(event);
  triptych_coroutine raw{};
  raw.id = id_of(event);
  if (kind_of(event) == TRIPTYCH_CORO_AWAITS) raw.other = event.stamp & TRIPTYCH_CORO_ID_MASK;
  raw.space = ring.owner.space;
  raw.function = numbers_[function];
  if (raw.function == 0) {
    TRIPTYCH_TRY_ASSIGN(raw.function, number_of(function, ring.next_ns, cycle.serials, cycle.sink));
  }
  raw.what = static_cast<std::uint8_t>(kind_of(event));
  raw.source = TRIPTYCH_COROUTINE_RECORDER;
  raw.flags = ring.clamped ? TRIPTYCH_COROUTINE_CLAMPED : 0;
  TRIPTYCH_TRY(put(raw, TRIPTYCH_EV_COROUTINE, ring.next_ns, ring.owner.task, cycle.sink));
  ring.last_ns = ring.next_ns;
  ring.reader.pop();
  find_next(ring, cycle);
  if (ring.waiting) {
    std::push_heap(heap_.begin(), heap_.end(), later);
  } else {
    heap_.pop_back();
  }
  return {};
}

// A thread that was killed, or a process that left by _exit, does not give its slot back.
void Source::reclaim(Ring& ring, const Threads& threads) {
  if (!ring.owner.known || !threads.has_ended(ring.owner.task)) return;
  if (ring.reader.impossible() || memory_.head(ring.reader.slot()) != ring.reader.position()) {
    return;
  }
  const SlotState state = memory_.slot(ring.reader.slot());
  if (state.state != 0 && state.tid == ring.tid && state.claim_head < ring.reader.position()) {
    memory_.free_slot(ring.reader.slot());
    ring.owner = {};
    ring.tid = 0;
  }
}

Result<void> Source::end_cycle(const Cycle& cycle) {
  for (const auto& ring : rings_) {
    reclaim(*ring, cycle.threads);
    const std::uint64_t lost = ring->waiting ? 0 : ring->reader.take_lost();
    if (lost != 0) TRIPTYCH_TRY(write_lost(*ring, lost, TRIPTYCH_COROUTINE_LOSS_RING, cycle));
    if (!ring->reader.impossible() || std::exchange(ring->damage_told, true)) continue;
    TRIPTYCH_TRY(write_lost(*ring, 1, TRIPTYCH_COROUTINE_LOSS_DAMAGE, cycle));
  }
  std::vector<std::uint32_t> still;
  for (const std::uint32_t function : unnamed_) {
    if (!memory_.function(function)) {
      still.push_back(function);
      continue;
    }
    const std::uint32_t number = std::exchange(numbers_[function], 0);
    std::uint32_t same = number;
    TRIPTYCH_TRY(number_of(function, cycle.to_ns, {cycle.serials.space, same}, cycle.sink));
  }
  unnamed_ = std::move(still);
  const std::uint64_t no_slot = memory_.no_slot_events();
  if (no_slot > no_slot_seen_) {
    const std::uint64_t count = no_slot - std::exchange(no_slot_seen_, no_slot);
    TRIPTYCH_TRY(write_lost_of_all(count, TRIPTYCH_COROUTINE_LOSS_NO_RING, cycle));
  }
  if (!std::exchange(lapsed_, false)) return {};
  return write_lost_of_all(1, TRIPTYCH_COROUTINE_LOSS_DISARMED, cycle);
}

Result<void> Source::write_lost_of_all(std::uint64_t count, std::uint32_t reason,
                                       const Cycle& cycle) {
  triptych_coroutine_lost raw{};
  raw.first_ns = cycle.from_ns;
  raw.last_ns = cycle.to_ns;
  raw.count = count;
  raw.space = spaces_.empty() ? 0 : spaces_.front().number;
  raw.reason = reason;
  return put(raw, TRIPTYCH_EV_COROUTINE_LOST, cycle.to_ns, model::kNoTask, cycle.sink);
}

Result<void> Source::write_totals(const Clock& clock, model::TimeNs ts_ns, Serials serials,
                                  const Sink& sink) {
  for (std::uint32_t function = 0; function < TRIPTYCH_CORO_FUNCTIONS; ++function) {
    if (function != 0 && !memory_.function_used(function)) continue;
    const triptych_coro_totals now = sum_of(memory_, function);
    const triptych_coro_totals& base = base_[function];
    triptych_coroutine_totals raw{};
    raw.created = now.created - base.created;
    raw.resumed = now.resumed - base.resumed;
    raw.suspended = now.suspended - base.suspended;
    raw.finished = now.finished - base.finished;
    raw.destroyed = now.destroyed - base.destroyed;
    if ((raw.created | raw.resumed | raw.suspended | raw.finished | raw.destroyed) == 0) continue;
    const std::uint64_t mounted = now.mounted - base.mounted;
    raw.mounted_ns = memory_.uses_tsc() ? clock.duration_ns(mounted) : mounted;
    raw.space = spaces_.empty() ? 0 : spaces_.front().number;
    TRIPTYCH_TRY_ASSIGN(raw.function, number_of(function, ts_ns, serials, sink));
    TRIPTYCH_TRY(put(raw, TRIPTYCH_EV_COROUTINE_TOTALS, ts_ns, model::kNoTask, sink));
  }
  return {};
}

bool Source::all_ended(const Threads& threads) const {
  const Process* root = threads.process(process_);
  if (root == nullptr || !Threads::all_ended(*root)) return false;
  for (const auto& [tgid, process] : threads.processes()) {
    if (threads.descends(process, root->tgid) && !Threads::all_ended(process)) return false;
  }
  return true;
}

}  // namespace triptych::coroutine::ring
