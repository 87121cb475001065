// SPDX-License-Identifier: Apache-2.0
#include "profile/collector.hpp"

namespace triptych::profile {
namespace {

constexpr std::size_t kMostCoroutines = 10'000;  // with a frame of their own

Key word(Word which) {
  return {Subject::kWord, static_cast<std::uint64_t>(which)};
}

Key other(model::TaskId task) {
  return {Subject::kOther, static_cast<std::uint64_t>(task)};
}

std::uint64_t length(const analyze::Interval& interval) {
  return interval.end_ns.value_or(interval.begin_ns) - interval.begin_ns;
}

}  // namespace

std::uint32_t Collector::path_of(std::uint32_t from, const analyze::Task* task, const Top& top) {
  const auto model = static_cast<std::uint64_t>(top.any);
  std::uint32_t path = paths_.child(from, {Subject::kModel, model});
  path = paths_.child(path,
                      {Subject::kTask, task == nullptr ? 0 : static_cast<std::uint64_t>(task->id)});
  if (!top.known) return paths_.child(path, word(Word::kUnknownCoroutine));
  return top.any ? paths_.child(path, {Subject::kFunction, top.function}) : path;
}

std::uint32_t Collector::in_stack(std::uint32_t path, analyze::StackNumber stack) {
  if (stack == analyze::kUnknownStack) return path;
  any_stack_ = true;
  return paths_.child(path, {Subject::kStack, static_cast<std::uint64_t>(stack)});
}

std::uint32_t Collector::in_stacks(std::uint32_t path, const analyze::Stacks& stacks) {
  return in_stack(in_stack(path, stacks.user), stacks.kernel);
}

Top Collector::top_of(const analyze::Task* task) const {
  if (task == nullptr || tops_.empty()) return {};
  const auto found = tops_.find(static_cast<std::uint32_t>(task->id));
  return found == tops_.end() ? Top{} : found->second.now();
}

template <class Path>
void Collector::add_span(const analyze::Interval& interval, const Path& go_on) {
  std::uint64_t count = 1;
  const auto add_part = [&](const Top& top, std::uint64_t ns) {
    if (!is_wanted(top)) return;
    paths_.add(go_on(path_of(PathTable::kRoot, interval.task, top)), {ns, count});
    count = 0;
  };
  const auto log = tops_.empty() || interval.task == nullptr
                       ? tops_.end()
                       : tops_.find(static_cast<std::uint32_t>(interval.task->id));
  if (log == tops_.end()) return add_part(Top{}, length(interval));
  log->second.take(interval.begin_ns, *interval.end_ns, add_part);
}

class Collector::Visitor {
 public:
  Visitor(Collector& self, const analyze::Interval& interval) : self_(self), interval_(interval) {}

  void operator()(const analyze::Running& /*running*/) const {
    if (self_.kind_ == Kind::kOnCpu) {
      return self_.add_span(interval_, [](std::uint32_t path) { return path; });
    }
    skip();
  }

  void operator()(const analyze::Runnable& runnable) const {
    if (self_.kind_ != Kind::kRunQueue) return skip();
    self_.add_span(interval_, [&](std::uint32_t path) { return why(path, runnable); });
  }

  void operator()(const analyze::Blocked& blocked) const {
    if (self_.kind_ != Kind::kOffCpu && self_.kind_ != Kind::kWakeup) return skip();
    const auto key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(blocked.key));
    self_.add_span(interval_, [&](std::uint32_t path) {
      path = self_.in_stack(path, blocked.stacks.user);
      path = self_.paths_.child(path, {Subject::kBlocked, key});
      path = self_.in_stack(path, blocked.stacks.kernel);
      return self_.kind_ == Kind::kWakeup ? by_whom(path, blocked) : path;
    });
  }

  void operator()(const analyze::Unknown& /*unknown*/) const {
    self_.unknown_ns_ += length(interval_);
    skip();
  }

  void operator()(const analyze::Faulted& faulted) const {
    const model::Fault& fault = *faulted.fault;
    const std::uint64_t ns = fault.no_start ? 0 : fault.duration_ns;
    const Top top = self_.top_of(interval_.task);
    if (!self_.is_wanted(top)) return;
    if (self_.kind_ == Kind::kFault) {
      const auto kind = static_cast<std::uint64_t>(faulted.kind);
      std::uint32_t path = self_.path_of(PathTable::kRoot, interval_.task, top);
      path = self_.in_stacks(path, faulted.stacks);
      path = self_.paths_.child(path, {Subject::kFaultKind, kind});
      self_.paths_.add(path, {1, fault.pages, ns});
    } else if (self_.kind_ == Kind::kCow && faulted.copied_bytes != 0) {
      const std::uint32_t path = self_.path_of(blame(faulted), interval_.task, top);
      self_.paths_.add(self_.in_stacks(path, faulted.stacks), {faulted.copied_bytes, 1, ns});
    }
  }

  void operator()(const analyze::Created& created) const {
    const Top top = self_.top_of(interval_.task);
    if (self_.kind_ != Kind::kFork || !self_.is_wanted(top)) return;
    const auto how = static_cast<std::uint64_t>(created.child->created_by);
    std::uint32_t path = self_.path_of(PathTable::kRoot, interval_.task, top);
    path = self_.in_stacks(path, created.stacks);
    path = self_.paths_.child(path, {Subject::kCreatedBy, how});
    const std::uint64_t copying = created.page_table_copy_ns.value_or(0);
    self_.paths_.add(path, {length(interval_) - copying, 1});
    if (copying == 0) return;
    self_.paths_.add(self_.paths_.child(path, word(Word::kPageTableCopy)), {copying, 0});
  }

  // The time is that of the switches, shared out among the samples when all are counted.
  void operator()(const analyze::Sampled& sampled) const {
    const Top top = self_.top_of(interval_.task);
    if (self_.kind_ != Kind::kOnCpu || !self_.is_wanted(top)) return;
    const std::uint32_t path = self_.path_of(PathTable::kRoot, interval_.task, top);
    self_.paths_.add(self_.in_stacks(path, sampled.stacks), {0, 0, 1});
  }

  void operator()(const analyze::CoroutineStep& step) const {
    if (self_.kind_ != Kind::kCoroutine) return;
    if (self_.only_ && !self_.only_(step.number, *step.function)) return;
    Top top;
    top.any = true;
    top.function = step.function->number;
    const bool known = self_.coroutines_.count(step.number) != 0;
    const bool named = known || self_.coroutines_.size() < kMostCoroutines;
    if (named && !known) self_.coroutines_.insert(step.number);
    const std::uint32_t path = self_.path_of(PathTable::kRoot, interval_.task, top);
    const Key key = named ? Key{Subject::kCoroutine, step.number} : word(Word::kOtherCoroutines);
    self_.paths_.add(self_.paths_.child(path, key), {length(interval_), 1});
  }

 private:
  // What is not counted here has to leave the log all the same.
  void skip() const {
    if (self_.tops_.empty() || interval_.task == nullptr) return;
    const auto log = self_.tops_.find(static_cast<std::uint32_t>(interval_.task->id));
    if (log == self_.tops_.end()) return;
    log->second.take(interval_.begin_ns, *interval_.end_ns, [](const Top&, std::uint64_t) {});
  }

  [[nodiscard]] std::uint32_t why(std::uint32_t path, const analyze::Runnable& runnable) const {
    using Why = analyze::RunnableWhy;
    constexpr Word kWhy[] = {Word::kUntold, Word::kWoken, Word::kPreempted, Word::kYielded};
    path = self_.paths_.child(path, word(kWhy[static_cast<std::size_t>(runnable.why)]));
    if (runnable.interrupt) return self_.paths_.child(path, word(Word::kInterrupt));
    if (runnable.by != model::kNoTask) {
      return self_.in_stacks(self_.paths_.child(path, other(runnable.by)), runnable.waker);
    }
    return runnable.why == Why::kUntold ? path : self_.paths_.child(path, word(Word::kNobodyKnown));
  }

  [[nodiscard]] std::uint32_t by_whom(std::uint32_t path, const analyze::Blocked& blocked) const {
    const analyze::WakerChain* wakers = blocked.wakers;
    if (wakers == nullptr) return self_.paths_.child(path, word(Word::kNotWoken));
    for (std::size_t i = 0; i < wakers->tasks.size(); ++i) {
      if (wakers->tasks[i] == model::kNoTask) break;
      path = self_.paths_.child(path, other(wakers->tasks[i]));
      if (i == 0) path = self_.in_stacks(path, blocked.waker);
    }
    if (wakers->interrupt) return self_.paths_.child(path, word(Word::kInterrupt));
    return wakers->tasks[0] == model::kNoTask ? self_.paths_.child(path, word(Word::kNobodyKnown))
                                              : path;
  }

  [[nodiscard]] std::uint32_t blame(const analyze::Faulted& faulted) const {
    if (faulted.fork == model::kNoTask) {
      return self_.paths_.child(PathTable::kRoot, word(Word::kNoFork));
    }
    const std::uint32_t path = self_.paths_.child(
        PathTable::kRoot, {Subject::kFork, static_cast<std::uint64_t>(faulted.fork)});
    return self_.paths_.child(
        path, word(faulted.copied_by_child ? Word::kChildsCopies : Word::kParentsCopies));
  }

  Collector& self_;
  const analyze::Interval& interval_;
};

void Collector::add(const analyze::Interval& interval) {
  std::visit(Visitor(*this, interval), interval.doing);
}

void Collector::add(const analyze::CoroutineOnTop& change, model::TimeNs from_ns) {
  if (change.task == nullptr || kind_ == Kind::kCoroutine || kind_ == Kind::kSuspended) return;
  Top top;
  top.any = change.function != nullptr;
  if (top.any) {
    top.function = change.function->number;
    top.wanted = only_ && only_(change.number, *change.function);
  }
  const auto serial = static_cast<std::uint32_t>(change.task->id);
  tops_.try_emplace(serial, std::min(std::max(change.task->start_ns, from_ns), change.ts_ns))
      .first->second.change(change.ts_ns, top);
}

void Collector::add(const analyze::CoroutineWait& wait) {
  if (kind_ != Kind::kSuspended || wait.chain.empty()) return;
  if (only_ && !only_(wait.number, *wait.chain.front())) return;
  constexpr std::uint64_t kCoroutineModel = 1;
  std::uint32_t path = paths_.child(PathTable::kRoot, {Subject::kModel, kCoroutineModel});
  path = paths_.child(path, {Subject::kProcess, static_cast<std::uint32_t>(wait.tgid)});
  const bool awaited = wait.chain.size() > 1 || !wait.inside.empty();
  path = paths_.child(path, word(awaited ? Word::kAwaitChain : Word::kNotAwaited));
  for (auto function = wait.chain.rbegin(); function != wait.chain.rend(); ++function) {
    path = paths_.child(path, {Subject::kFunction, (*function)->number});
  }
  for (const analyze::CoroutineFunction* function : wait.inside) {
    path = paths_.child(path, {Subject::kFunction, function->number});
  }
  paths_.add(path, {wait.end_ns - wait.begin_ns, 1});
}

Profile Collector::finish(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                          bool without_ids) const {
  return build(kind_, paths_, summary, resolver,
               {.without_ids = without_ids, .any_stack = any_stack_, .unknown_ns = unknown_ns_});
}

Profile Collector::finish(const analyze::Summary& summary, symbol::resolve::Resolver& resolver,
                          const Chosen& chosen) const {
  std::uint64_t unknown_ns = 0;
  for (const analyze::Task& task : summary.tasks) {
    if (chosen.tasks.count(static_cast<std::uint32_t>(task.id)) != 0) unknown_ns += task.unknown_ns;
  }
  return build(kind_, paths_, summary, resolver,
               {.any_stack = any_stack_, .unknown_ns = unknown_ns, .chosen = &chosen});
}

}  // namespace triptych::profile
