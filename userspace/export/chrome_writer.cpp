// SPDX-License-Identifier: Apache-2.0
#include "export/chrome_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/task_record.hpp"
#include "export/chrome_event.hpp"
#include "export/row.hpp"
#include "export/time_line.hpp"

namespace triptych::exports {
namespace {

// Losses are a process of their own: 0 is nobody's number.
constexpr model::Tid kLosses = 0;

// What the event does not say itself: how long it took, unless it is cut at the beginning of the
// recording, and what its name ends with.
void append_args(ChromeEvent& event, const Row& row, std::string_view name) {
  event.args();
  if (row.duration_ns && row.begin_ns < 0) event.number("duration", *row.duration_ns);
  event.number("task", static_cast<std::uint32_t>(row.task->id));
  if (row.cpu) event.number("cpu", *row.cpu);
  if (!row.detail.empty() && !name.ends_with(row.detail)) event.text("detail", row.detail);
  if (row.other_task != nullptr) {
    event.number("other_tid", static_cast<std::uint64_t>(row.other_task->tid));
  }
  if (row.address) event.text("address", fmt::format("{:#x}", *row.address));
  if (row.pages) event.number("pages", *row.pages);
  if (row.major) event.text("class", *row.major ? "major" : "minor");
  if (row.coroutine) event.number("coroutine", *row.coroutine);
}

}  // namespace

void ChromeWriter::begin(const model::Metadata& /*metadata*/, std::string& out) {
  out += "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
}

void ChromeWriter::describe(const analyze::Task& task, std::string& out) {
  Named& named = named_[static_cast<std::uint32_t>(task.id)];
  if (named.tid == task.tid && named.comm == task.comm) return;
  named = {task.tid, task.comm};
  ChromeEvent(out, first_, 'M', task.tgid, task.tid)
      .text("name", "thread_name")
      .args()
      .text("name", task.comm);
  // The process has the name of its first thread.
  if (task.tid != task.tgid) return;
  ChromeEvent(out, first_, 'M', task.tgid, task.tid)
      .text("name", "process_name")
      .args()
      .text("name", task.comm);
}

void ChromeWriter::write(const Context& context, const analyze::Interval& interval,
                         std::string& out) {
  if (interval.task == nullptr) return;  // a coroutine on a thread of which nothing is known
  describe(*interval.task, out);
  const bool overlaps = std::holds_alternative<analyze::Faulted>(interval.doing) ||
                        std::holds_alternative<analyze::Created>(interval.doing) ||
                        std::holds_alternative<analyze::CoroutineStep>(interval.doing);
  if (overlaps) {
    write_overlapping(context, interval, out);
  } else {
    write_state(context, interval, out);
  }
}

void ChromeWriter::write_state(const Context& context, const analyze::Interval& interval,
                               std::string& out) {
  const Row row = row_of(context, interval);
  const std::int64_t end_ns = row.begin_ns + static_cast<std::int64_t>(row.duration_ns.value_or(0));
  const std::string name = state_name(interval.doing);
  {
    ChromeEvent event(out, first_, 'X', row.task->tgid, row.task->tid);
    event.name(row.kind, name)
        .time("ts", row.begin_ns)
        .time("dur", end_ns - std::max<std::int64_t>(0, row.begin_ns));
    append_args(event, row, name);
  }
  const auto* runnable = std::get_if<analyze::Runnable>(&interval.doing);
  if (runnable != nullptr && runnable->why == analyze::RunnableWhy::kWoken) {
    write_wakeup(context, interval, *runnable, out);
  }
}

// An arrow from who asked to who became runnable by it.
void ChromeWriter::write_wakeup(const Context& context, const analyze::Interval& interval,
                                const analyze::Runnable& runnable, std::string& out) {
  const analyze::Task* by = context.analysis.find(runnable.by);
  if (by == nullptr || by->stranger) return;
  describe(*by, out);
  const std::uint64_t id = next_id_++;
  const std::int64_t at_ns = context.since_origin(interval.begin_ns);
  ChromeEvent(out, first_, 's', by->tgid, by->tid)
      .name("wakeup", "wakeup")
      .number("id", id)
      .time("ts", at_ns);
  ChromeEvent(out, first_, 'f', interval.task->tgid, interval.task->tid)
      .name("wakeup", "wakeup")
      .number("id", id)
      .time("ts", at_ns)
      .text("bp", "e");
}

void ChromeWriter::write_overlapping(const Context& context, const analyze::Interval& interval,
                                     std::string& out) {
  const Row row = row_of(context, interval);
  // A coroutine keeps its number, and so its row, wherever it runs.
  const std::uint64_t id = row.coroutine.value_or(next_id_);
  if (!row.coroutine) ++next_id_;
  const std::string name = row.detail.empty() ? std::string(row.kind) : row.detail;
  {
    ChromeEvent event(out, first_, 'b', row.task->tgid, row.task->tid);
    event.name(row.kind, name).number("id", id).time("ts", row.begin_ns);
    append_args(event, row, name);
  }
  ChromeEvent(out, first_, 'e', row.task->tgid, row.task->tid)
      .name(row.kind, name)
      .number("id", id)
      .time("ts", row.begin_ns + static_cast<std::int64_t>(row.duration_ns.value_or(0)));
}

void ChromeWriter::mark(const Context& context, const model::Event& event, const model::Mark& mark,
                        std::string& out) {
  const analyze::Task* task = context.analysis.find(event.task);
  if (task == nullptr) return;
  describe(*task, out);
  ChromeEvent(out, first_, 'i', task->tgid, task->tid)
      .name("mark", mark_name(mark))
      .time("ts", context.since_origin(event.ts_ns))
      .text("s", "t");
}

void ChromeWriter::finish(const Context& context, const analyze::Summary& summary,
                          std::string& out) {
  for (const analyze::LossRange& range : summary.losses) {
    const std::uint64_t id = next_id_++;
    const std::string name = fmt::format("lost records of CPU {}", range.cpu);
    ChromeEvent(out, first_, 'b', kLosses, kLosses)
        .name("lost", name)
        .number("id", id)
        .time("ts", context.since_origin(range.first_ns))
        .args()
        .number("records", lost_records(range));
    ChromeEvent(out, first_, 'e', kLosses, kLosses)
        .name("lost", name)
        .number("id", id)
        .time("ts", context.since_origin(range.last_ns));
  }
  out += "\n]}\n";
}

}  // namespace triptych::exports
