// SPDX-License-Identifier: Apache-2.0
#include "coroutine/ring/threads.hpp"

#include <sched.h>

#include <algorithm>
#include <cstring>

#include "abi/events.h"

namespace triptych::coroutine::ring {
namespace {

constexpr int kMostGenerations = 64;

template <class Raw>
bool read(std::span<const std::byte> record, Raw& out) {
  if (record.size() < sizeof out) return false;
  std::memcpy(&out, record.data(), sizeof out);
  return true;
}

bool is_past(const Thread& thread, model::TimeNs until_ns) {
  return thread.ended() && thread.ended_ns <= until_ns;
}

}  // namespace

void Threads::on_record(std::span<const std::byte> record) {
  triptych_hdr header;
  if (!read(record, header)) return;
  Change change;
  change.at_ns = header.ts_ns;
  change.thread.task = model::TaskId{header.task};
  triptych_task_new created;
  triptych_task_seen seen;
  if (header.kind == TRIPTYCH_EV_TASK_NEW && read(record, created)) {
    const bool shares_memory = (created.clone_flags & (CLONE_VM | CLONE_THREAD)) != 0;
    if (!shares_memory) change.parent = model::TaskId{created.parent_task};
    change.tgid = static_cast<model::Tid>(created.tgid);
    change.thread.ns_tid = static_cast<model::Tid>(created.ns_tid);
    change.thread.born_ns = header.ts_ns;
  } else if (header.kind == TRIPTYCH_EV_TASK_SEEN && read(record, seen)) {
    if (seen.how == TRIPTYCH_SEEN_STRANGER) return;
    change.tgid = static_cast<model::Tid>(seen.tgid);
    change.thread.ns_tid = static_cast<model::Tid>(seen.ns_tid);
  } else if (header.kind == TRIPTYCH_EV_TASK_EXEC) {
    change.what = Change::What::kExecs;
  } else if (header.kind == TRIPTYCH_EV_TASK_END) {
    change.what = Change::What::kEnds;
  } else {
    return;
  }
  changes_.push_back(change);
}

void Threads::advance(model::TimeNs until_ns) {
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const Change& a, const Change& b) { return a.at_ns < b.at_ns; });
  const auto later =
      std::find_if(changes_.begin(), changes_.end(),
                   [until_ns](const Change& change) { return change.at_ns > until_ns; });
  std::for_each(changes_.begin(), later, [this](const Change& change) { apply(change); });
  changes_.erase(changes_.begin(), later);
}

void Threads::apply(const Change& change) {
  switch (change.what) {
    case Change::What::kAppears: {
      const bool has_copy = change.parent != model::TaskId{};
      add(change.tgid, change.thread, has_copy ? tgid_of(change.parent) : 0);
      break;
    }
    case Change::What::kExecs:
      on_exec(change.thread.task, change.at_ns);
      break;
    case Change::What::kEnds:
      on_end(change.thread.task, change.at_ns);
      break;
  }
}

void Threads::on_end(model::TaskId task, model::TimeNs ts_ns) {
  const auto found = places_.find(static_cast<std::uint32_t>(task));
  if (found == places_.end()) return;
  processes_[found->second.tgid].threads[found->second.index].ended_ns = ts_ns;
  with_ended_.push_back(found->second.tgid);
}

// The thread that calls exec goes on as the first one of its process, by that one's number.
void Threads::on_exec(model::TaskId task, model::TimeNs ts_ns) {
  const auto found = places_.find(static_cast<std::uint32_t>(task));
  if (found == places_.end()) return;
  std::vector<Thread>& threads = processes_[found->second.tgid].threads;
  const model::Tid first = threads.front().ns_tid;
  for (std::size_t i = 0; i < threads.size(); ++i) {
    if (i != found->second.index && threads[i].ns_tid == first) threads[i].ended_ns = ts_ns;
  }
  threads[found->second.index].ns_tid = first;
}

void Threads::add(model::Tid tgid, const Thread& thread, model::Tid parent) {
  const auto serial = static_cast<std::uint32_t>(thread.task);
  if (places_.contains(serial)) return;
  // A number that was used before is another process now.
  if (const auto old = processes_.find(tgid); old != processes_.end() && all_ended(old->second)) {
    forget_process(tgid);
  }
  Process& process = processes_[tgid];
  process.tgid = tgid;
  if (process.threads.empty()) process.parent = parent;
  places_[serial] = {tgid, process.threads.size()};
  process.threads.push_back(thread);
}

model::Tid Threads::tgid_of(model::TaskId task) const {
  const auto found = places_.find(static_cast<std::uint32_t>(task));
  return found == places_.end() ? 0 : found->second.tgid;
}

const Process* Threads::process(model::Tid tgid) const {
  if (const auto found = processes_.find(tgid); found != processes_.end()) return &found->second;
  for (const auto& [number, process] : processes_) {
    if (!process.threads.empty() && process.threads.front().ns_tid == tgid) return &process;
  }
  return nullptr;
}

bool Threads::descends(const Process& process, model::Tid ancestor) const {
  const Process* at = &process;
  for (int i = 0; i < kMostGenerations && at->parent != 0; ++i) {
    if (at->parent == ancestor) return true;
    const auto found = processes_.find(at->parent);
    if (found == processes_.end()) return false;
    at = &found->second;
  }
  return false;
}

const Thread* Threads::thread(const Process& process, model::Tid ns_tid, model::TimeNs at_ns) {
  const Thread* last = nullptr;
  for (const Thread& thread : process.threads) {
    if (thread.ns_tid == ns_tid && thread.born_ns <= at_ns) last = &thread;
  }
  return last;
}

bool Threads::has_ended(model::TaskId task) const {
  const auto found = places_.find(static_cast<std::uint32_t>(task));
  if (found == places_.end()) return true;
  const auto process = processes_.find(found->second.tgid);
  return process == processes_.end() || process->second.threads[found->second.index].ended();
}

bool Threads::all_ended(const Process& process) {
  return std::all_of(process.threads.begin(), process.threads.end(),
                     [](const Thread& thread) { return thread.ended(); });
}

void Threads::forget_ended(model::TimeNs until_ns, std::span<const model::Tid> kept) {
  std::sort(with_ended_.begin(), with_ended_.end());
  with_ended_.erase(std::unique(with_ended_.begin(), with_ended_.end()), with_ended_.end());
  std::unordered_map<model::Tid, model::Tid> parents;  // of those forgotten
  std::vector<model::Tid> later;
  for (const model::Tid tgid : with_ended_) {
    const auto found = processes_.find(tgid);
    if (found == processes_.end()) continue;
    Process& process = found->second;
    const bool is_over =
        std::all_of(process.threads.begin(), process.threads.end(),
                    [until_ns](const Thread& thread) { return is_past(thread, until_ns); });
    if (!is_over) {
      if (forget_threads(process, until_ns)) later.push_back(tgid);
    } else if (std::find(kept.begin(), kept.end(), tgid) != kept.end()) {
      later.push_back(tgid);
    } else {
      parents[tgid] = process.parent;
      forget_process(tgid);
    }
  }
  with_ended_ = std::move(later);
  if (parents.empty()) return;
  for (auto& [tgid, process] : processes_) {
    auto parent = parents.find(process.parent);
    // Numbers are used again, so that the links may form a circle.
    for (int i = 0; i < kMostGenerations && parent != parents.end(); ++i) {
      process.parent = parent->second;
      parent = parents.find(process.parent);
    }
  }
}

void Threads::forget_process(model::Tid tgid) {
  for (const Thread& thread : processes_[tgid].threads) {
    places_.erase(static_cast<std::uint32_t>(thread.task));
  }
  processes_.erase(tgid);
}

// All but the first, which names the process. True: some ended only after that moment.
bool Threads::forget_threads(Process& process, model::TimeNs until_ns) {
  std::vector<Thread> left{process.threads.front()};
  bool more_ended = false;
  for (std::size_t i = 1; i < process.threads.size(); ++i) {
    const Thread& thread = process.threads[i];
    const auto serial = static_cast<std::uint32_t>(thread.task);
    if (is_past(thread, until_ns)) {
      places_.erase(serial);
      continue;
    }
    more_ended |= thread.ended();
    places_[serial].index = left.size();
    left.push_back(thread);
  }
  process.threads = std::move(left);
  return more_ended;
}

}  // namespace triptych::coroutine::ring
