// SPDX-License-Identifier: Apache-2.0
#include "export/row.hpp"

namespace triptych::exports {
namespace {

struct Filler {
  Row& row;
  const Context& context;

  void operator()(const analyze::Running& running) const {
    row.kind = "running";
    row.cpu = running.cpu;
  }
  void operator()(const analyze::Runnable& runnable) const {
    row.kind = "runnable";
    row.detail = name_of(runnable.why);
    row.other = runnable.by;
    row.other_task = context.analysis.find(runnable.by);
  }
  void operator()(const analyze::Blocked& blocked) const {
    row.kind = "blocked";
    row.detail = analyze::blocked_name(blocked.key);
  }
  void operator()(const analyze::Unknown& unknown) const {
    row.kind = "unknown";
    row.detail = name_of(unknown.cause);
  }
  void operator()(const analyze::Faulted& faulted) const {
    row.kind = "fault";
    row.detail = name_of(faulted.kind);
    row.cpu = faulted.cpu;
    row.address = faulted.fault->address;
    row.pages = faulted.fault->pages;
    row.major = faulted.fault->major;
  }
  void operator()(const analyze::Created& created) const {
    row.kind = "creation";
    row.detail = name_of(created.child->created_by);
    row.other = created.child->id;
    row.other_task = created.child;
  }
  void operator()(const analyze::Sampled&) const {}  // comes to no writer of rows
  void operator()(const analyze::CoroutineStep& step) const {
    row.kind = "coroutine";
    row.detail = step.function->name;
    row.address = step.address;
    row.coroutine = step.number;
  }
};

}  // namespace

Row row_of(const Context& context, const analyze::Interval& interval) {
  Row row;
  row.begin_ns = context.since_origin(interval.begin_ns);
  if (interval.end_ns) row.duration_ns = *interval.end_ns - interval.begin_ns;
  row.task = interval.task;
  std::visit(Filler{row, context}, interval.doing);
  return row;
}

}  // namespace triptych::exports
