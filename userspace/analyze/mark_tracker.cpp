// SPDX-License-Identifier: Apache-2.0
#include "analyze/mark_tracker.hpp"

#include "base/text.hpp"

namespace triptych::analyze {
namespace {

constexpr std::size_t kMaxMarks = 10'000;
constexpr std::size_t kNamesInHint = 32;

Border border_of(const model::Event& event, const model::Mark& mark) {
  return Border{event.task, mark.counters, mark.faults};
}

}  // namespace

MarkTracker::MarkTracker(Window wanted, CountingWindow& counting)
    : wanted_(std::move(wanted)), counting_(counting) {
  if (wanted_.from_mark.empty()) counting_.open(0);
}

void MarkTracker::on_mark(const model::Event& event, const model::Mark& mark,
                          const TaskRecord* task) {
  const std::string name(mark.name.view());
  if (names_.size() < kNamesInHint) names_.insert(name);
  bool opened_here = false;
  if (!counting_.opened() && name == wanted_.from_mark && mark.type != model::MarkType::kEnd) {
    counting_.open(event.ts_ns);
    from_ = border_of(event, mark);
    opened_here = true;
  }
  if (counting_.counting() && marks_.size() < kMaxMarks) {
    MarkPoint point;
    point.ts_ns = event.ts_ns;
    point.task = event.task;
    point.tid = task == nullptr ? 0 : task->task.tid;
    point.type = mark.type;
    point.name = name;
    point.counters = mark.counters;
    point.faults = mark.faults;
    marks_.push_back(std::move(point));
  }
  if (counting_.counting() && !opened_here && !wanted_.to_mark.empty() && name == wanted_.to_mark &&
      mark.type != model::MarkType::kBegin) {
    counting_.close(event.ts_ns);
    to_ = border_of(event, mark);
  }
}

std::optional<Error> MarkTracker::missing() const {
  std::string what;
  if (!counting_.opened()) {
    what = "no begin or point mark '" + escape(wanted_.from_mark) + "' is in the trace";
  } else if (!wanted_.to_mark.empty() && !counting_.closed()) {
    what = "no end or point mark '" + escape(wanted_.to_mark) + "' is in the trace";
    if (!wanted_.from_mark.empty()) what += " after '" + escape(wanted_.from_mark) + "'";
  } else {
    return std::nullopt;
  }
  std::string hint;
  for (const std::string& name : names_) hint += (hint.empty() ? "" : ", ") + escape(name);
  hint = hint.empty() ? "the trace has no marks; see 'triptych mark --help'"
                      : "marks in the trace: " + hint;
  if (names_.size() >= kNamesInHint) hint += ", …";
  return Error{ErrorCode::kUsage, std::move(what), std::move(hint)};
}

}  // namespace triptych::analyze
