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
         std::holds_alternative<analyze::Created>(doing);
}

}  // namespace

Export::Export(const model::Metadata& metadata, Selection selection, std::unique_ptr<Writer> writer)
    : selection_(std::move(selection)),
      writer_(std::move(writer)),
      analysis_(metadata, {}, analyze::kDefaultSlowStepNs,
                [this](const analyze::Interval& interval) { on_interval(interval); }) {
  writer_->begin(metadata, output_);
}

void Export::push(const model::Event& event) {
  analysis_.push(event);
  if (const auto* mark = std::get_if<model::Mark>(&event.payload)) on_mark(event, *mark);
}

bool Export::is_wanted(model::TaskId task) const {
  return !selection_.tasks || selection_.tasks->count(static_cast<std::uint32_t>(task)) != 0;
}

void Export::on_mark(const model::Event& event, const model::Mark& mark) {
  const Context context{analysis_, analysis_.begin_ns()};
  const bool inside = event.ts_ns >= later(context.origin_ns, selection_.from_ns) &&
                      event.ts_ns <= later(context.origin_ns, selection_.to_ns);
  if (inside && is_wanted(event.task)) writer_->mark(context, event, mark, output_);
}

void Export::on_interval(const analyze::Interval& interval) {
  if (!is_wanted(interval.task == nullptr ? model::kNoTask : interval.task->id)) return;
  const Context context{analysis_, analysis_.begin_ns()};
  const model::TimeNs from_ns =
      selection_.from_ns == 0 ? 0 : later(context.origin_ns, selection_.from_ns);
  const model::TimeNs to_ns = later(context.origin_ns, selection_.to_ns);
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
