// SPDX-License-Identifier: Apache-2.0
#include "export/export.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace triptych::exports {
namespace {

model::TimeNs later(model::TimeNs origin_ns, std::uint64_t by_ns) {
  return origin_ns + std::min(by_ns, std::numeric_limits<model::TimeNs>::max() - origin_ns);
}

bool is_whole(const analyze::Doing& doing) {
  return std::holds_alternative<analyze::Faulted>(doing) ||
         std::holds_alternative<analyze::Created>(doing) ||
         std::holds_alternative<analyze::Sampled>(doing);
}

}  // namespace

Export::Export(const model::Metadata& metadata, Selection selection, std::unique_ptr<Writer> writer)
    : selection_(std::move(selection)),
      writer_(std::move(writer)),
      analysis_(
          metadata, {}, analyze::kDefaultSlowStepNs,
          [this](const analyze::Interval& interval) { on_interval(interval); }, coroutine_sink()) {
  writer_->begin(metadata, output_);
}

analyze::CoroutineSink Export::coroutine_sink() {
  if (!writer_->takes_coroutines()) return {};
  return [this](const analyze::CoroutineChange& change) { on_coroutine(change); };
}

void Export::push(const model::Event& event) {
  analysis_.push(event);
  if (const auto* mark = std::get_if<model::Mark>(&event.payload)) on_mark(event, *mark);
}

bool Export::is_wanted(model::TaskId task) const {
  return !selection_.tasks || selection_.tasks->count(static_cast<std::uint32_t>(task)) != 0;
}

void Export::on_mark(const model::Event& event, const model::Mark& mark) {
  if (selection_.coroutines) return;  // a mark is a task's
  const Context context{analysis_, analysis_.begin_ns()};
  const bool inside = event.ts_ns >= later(context.origin_ns, selection_.from_ns) &&
                      event.ts_ns <= later(context.origin_ns, selection_.to_ns);
  if (inside && is_wanted(event.task)) writer_->mark(context, event, mark, output_);
}

model::TimeNs Export::from_ns() const {
  return selection_.from_ns == 0 ? 0 : later(analysis_.begin_ns(), selection_.from_ns);
}

model::TimeNs Export::to_ns() const {
  return later(analysis_.begin_ns(), selection_.to_ns);
}

// By the choice of coroutines: tables and time lines show steps, and a task is no coroutine.
bool Export::is_left_out(const analyze::Interval& interval) const {
  if (!selection_.coroutines || writer_->takes_coroutines()) return false;
  const auto* step = std::get_if<analyze::CoroutineStep>(&interval.doing);
  return step == nullptr || !selection_.coroutines(step->number, *step->function);
}

void Export::on_coroutine(const analyze::CoroutineChange& change) {
  const Context context{analysis_, analysis_.begin_ns()};
  if (const auto* on_top = std::get_if<analyze::CoroutineOnTop>(&change)) {
    if (on_top->task == nullptr || !is_wanted(on_top->task->id)) return;
    analyze::CoroutineOnTop cut = *on_top;
    cut.ts_ns = std::clamp(cut.ts_ns, from_ns(), to_ns());
    return writer_->coroutine(context, cut, from_ns());
  }
  analyze::CoroutineWait wait = std::get<analyze::CoroutineWait>(change);
  if (!is_wanted(wait.task == nullptr ? model::kNoTask : wait.task->id)) return;
  wait.begin_ns = std::max(wait.begin_ns, from_ns());
  wait.end_ns = std::min(wait.end_ns, to_ns());
  if (wait.begin_ns < wait.end_ns) writer_->coroutine(context, wait);
}

void Export::on_interval(const analyze::Interval& interval) {
  const bool sampled = std::holds_alternative<analyze::Sampled>(interval.doing);
  if (sampled && !writer_->takes_moments()) return;
  if (!is_wanted(interval.task == nullptr ? model::kNoTask : interval.task->id)) return;
  if (is_left_out(interval)) return;
  const Context context{analysis_, analysis_.begin_ns()};
  const model::TimeNs from_ns = this->from_ns();
  const model::TimeNs to_ns = this->to_ns();
  const model::TimeNs end_ns = interval.end_ns.value_or(interval.begin_ns);
  if (is_whole(interval.doing)) {
    if (end_ns >= from_ns && end_ns <= to_ns) writer_->write(context, interval, output_);
    return;
  }
  if (interval.begin_ns >= from_ns && end_ns <= to_ns) {
    return writer_->write(context, interval, output_);
  }
  analyze::Interval cut = interval;
  cut.begin_ns = std::max(interval.begin_ns, from_ns);
  cut.end_ns = std::min(end_ns, to_ns);
  if (cut.begin_ns < *cut.end_ns) writer_->write(context, cut, output_);
}

Result<analyze::Summary> Export::finish(const std::optional<model::Ending>& ending,
                                        const model::DataQuality& source_quality,
                                        std::uint64_t stored_bytes) {
  Result<analyze::Summary> summary = analysis_.finish(ending, source_quality, stored_bytes);
  if (summary) writer_->finish({analysis_, summary->begin_ns}, *summary, output_);
  return summary;
}

}  // namespace triptych::exports
