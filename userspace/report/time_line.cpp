// SPDX-License-Identifier: Apache-2.0
#include "report/time_line.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "base/text.hpp"
#include "report/coroutine_view.hpp"
#include "report/words.hpp"

namespace triptych::report {
namespace {

constexpr std::size_t kMostLanes = 512;  // that are kept while reading
constexpr std::size_t kCpusShown = 32;
constexpr std::size_t kTasksShown = 40;
constexpr std::size_t kHappeningsShown = 200;  // of each kind
constexpr std::uint32_t kAll = 0;              // the one number in the table of all tasks together

std::optional<TaskState> state_of(const analyze::Doing& doing) {
  if (std::holds_alternative<analyze::Running>(doing)) return TaskState::kRunning;
  if (std::holds_alternative<analyze::Runnable>(doing)) return TaskState::kRunnable;
  if (std::holds_alternative<analyze::Blocked>(doing)) return TaskState::kBlocked;
  if (std::holds_alternative<analyze::Unknown>(doing)) return TaskState::kUnknown;
  return std::nullopt;
}

std::uint64_t running(const LaneTable::Lane& lane) {
  return lane.total[static_cast<std::size_t>(TaskState::kRunning)];
}

// Most time on CPU first.
std::vector<std::uint32_t> busiest_first(const LaneTable& table) {
  std::vector<std::uint32_t> numbers;
  for (const auto& entry : table.lanes()) numbers.push_back(entry.first);
  std::sort(numbers.begin(), numbers.end(), [&](std::uint32_t a, std::uint32_t b) {
    const std::uint64_t left = running(*table.find(a)), right = running(*table.find(b));
    return left != right ? left > right : a < b;
  });
  return numbers;
}

void add_times(StateTimes& to, const StateTimes& from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// The part of a lane that lies in the columns of the line.
Lane cut(const LaneTable::Lane& from, std::uint64_t first, std::size_t columns, std::string name) {
  Lane lane;
  lane.name = std::move(name);
  const std::uint64_t begin = std::max(from.first, first);
  const std::uint64_t end = std::min(from.first + from.columns.size(), first + columns);
  if (begin >= end) return lane;
  lane.first = begin - first;
  const auto* cells = from.columns.data() - from.first;
  lane.columns.assign(cells + begin, cells + end);
  return lane;
}

std::string loss_words(const analyze::LossRange& range) {
  const std::uint64_t lost =
      std::accumulate(range.counts.begin(), range.counts.end(), range.unknown_kind);
  const std::string count = lost == 0 ? "records" : counted(lost, "record", "records");
  return fmt::format("CPU {}: {} {}", range.cpu, count,
                     range.damaged ? "in a damaged part of the file" : "lost");
}

void add_happening(const TimeLine& line, model::TimeNs origin_ns, model::TimeNs from_ns,
                   model::TimeNs to_ns, std::string what, Happenings& to) {
  const std::uint64_t from = from_ns - std::min(origin_ns, from_ns);
  const std::uint64_t until = std::min(to_ns - std::min(origin_ns, to_ns), line.duration_ns);
  if (from > line.duration_ns || to_ns < origin_ns) return;
  if (to.items.size() == kHappeningsShown) {
    ++to.left_out;
  } else {
    to.items.push_back({from, until, std::move(what)});
  }
}

Happenings marks_of(const View& view, const TimeLine& line) {
  static constexpr const char* kTypes[] = {"", "begin ", "end ", ""};
  Happenings marks{HappeningKind::kMarks, {}, 0};
  for (const analyze::MarkPoint* mark : view.marks()) {
    add_happening(line, view.summary().begin_ns, mark->ts_ns, mark->ts_ns,
                  kTypes[static_cast<std::size_t>(mark->type) % 4] + quote(mark->name), marks);
  }
  return marks;
}

Happenings losses_of(const View& view, const TimeLine& line) {
  Happenings losses{HappeningKind::kLosses, {}, 0};
  for (const analyze::LossRange& range : view.summary().losses) {
    add_happening(line, view.summary().begin_ns, range.first_ns, range.last_ns, loss_words(range),
                  losses);
  }
  return losses;
}

Happenings blocked_loops_of(const View& view, const TimeLine& line) {
  Happenings loops{HappeningKind::kBlockedLoops, {}, 0};
  const CoroutineNames names(view);
  for (const analyze::BlockedLoop* each : blocks_of(view)) {
    std::string what = fmt::format("{} kept {} for {}: {}", names.shown(each->function),
                                   task_label(view, each->task),
                                   format_duration_ns(each->duration_ns), name_of(each->how));
    if (!each->syscall.empty()) what += " in " + escape(each->syscall);
    add_happening(line, view.summary().begin_ns, each->begin_ns, each->begin_ns + each->duration_ns,
                  std::move(what), loops);
  }
  return loops;
}

}  // namespace

std::uint64_t column_length(const TimeLine& line, std::size_t column) {
  const std::uint64_t begin = std::max(column * line.column_ns, line.skipped_ns);
  const std::uint64_t end =
      std::min((column + 1) * line.column_ns, line.skipped_ns + line.duration_ns);
  return end - std::min(begin, end);
}

const LaneTable::Lane* LaneTable::find(std::uint32_t number) const {
  const auto found = lanes_.find(number);
  return found == lanes_.end() ? nullptr : &found->second;
}

void LaneTable::add(std::uint32_t number, TaskState state, model::TimeNs begin_ns,
                    model::TimeNs end_ns, unsigned shift) {
  auto found = lanes_.find(number);
  if (found == lanes_.end()) {
    if (was_dropped(number)) return;
    if (lanes_.size() == kMostLanes) drop_idlest();
    found = lanes_.try_emplace(number).first;
    found->second.first = begin_ns >> shift;
  }
  Lane& lane = found->second;
  const std::uint64_t first = begin_ns >> shift;
  const std::uint64_t last = (end_ns - 1) >> shift;
  if (first < lane.first) {
    lane.columns.insert(lane.columns.begin(), lane.first - first, {});
    lane.first = first;
  }
  if (last - lane.first >= lane.columns.size()) lane.columns.resize(last - lane.first + 1);
  const auto index = static_cast<std::size_t>(state);
  for (std::uint64_t column = first; column <= last; ++column) {
    const model::TimeNs from = std::max(begin_ns, column << shift);
    // The end of the last column may be beyond what a clock can say.
    const model::TimeNs to = column == last ? end_ns : (column + 1) << shift;
    lane.columns[column - lane.first][index] += to - from;
  }
  lane.total[index] += end_ns - begin_ns;
}

void LaneTable::halve() {
  for (auto& entry : lanes_) {
    Lane& lane = entry.second;
    const std::uint64_t first = lane.first >> 1;
    const std::size_t odd = lane.first & 1;
    const std::size_t count = (lane.columns.size() + odd + 1) / 2;
    std::vector<StateTimes> halved(count);
    for (std::size_t i = 0; i < lane.columns.size(); ++i) {
      add_times(halved[(i + odd) / 2], lane.columns[i]);
    }
    lane.first = first;
    lane.columns = std::move(halved);
  }
}

// Half of them, so that it happens rarely; they are not begun again, for what they did before would
// be missing.
void LaneTable::drop_idlest() {
  std::vector<std::uint32_t> numbers = busiest_first(*this);
  for (std::size_t i = numbers.size() / 2; i < numbers.size(); ++i) {
    lanes_.erase(numbers[i]);
    dropped_.insert(numbers[i]);
  }
}

void TimeLineBuilder::make_room(model::TimeNs begin_ns, model::TimeNs end_ns) {
  first_ns_ = std::min(first_ns_.value_or(begin_ns), begin_ns);
  last_ns_ = std::max(last_ns_, end_ns - 1);
  while ((last_ns_ >> shift_) - (*first_ns_ >> shift_) >= kColumns) {
    ++shift_;
    for (LaneTable* table : {&all_, &cpus_, &tasks_}) table->halve();
  }
}

void TimeLineBuilder::add(const analyze::Interval& interval) {
  const std::optional<TaskState> state = state_of(interval.doing);
  if (!state || interval.task == nullptr || !interval.end_ns) return;
  if (*interval.end_ns <= interval.begin_ns) return;
  make_room(interval.begin_ns, *interval.end_ns);
  const auto add_to = [&](LaneTable& table, std::uint32_t number) {
    table.add(number, *state, interval.begin_ns, *interval.end_ns, shift_);
  };
  add_to(tasks_, static_cast<std::uint32_t>(interval.task->id));
  add_to(all_, kAll);
  if (const auto* on = std::get_if<analyze::Running>(&interval.doing)) add_to(cpus_, on->cpu);
}

void TimeLineBuilder::add_cpus(std::uint64_t first, TimeLine& line) const {
  std::vector<std::uint32_t> cpus = busiest_first(cpus_);
  line.cpus_left_out = cpus.size() - std::min(cpus.size(), kCpusShown);
  cpus.resize(std::min(cpus.size(), kCpusShown));
  std::sort(cpus.begin(), cpus.end());
  for (const std::uint32_t cpu : cpus) {
    line.cpus.push_back(cut(*cpus_.find(cpu), first, line.columns, fmt::format("CPU {}", cpu)));
  }
}

void TimeLineBuilder::add_tasks(const View& view, std::uint64_t first, TimeLine& line) const {
  std::unordered_set<std::uint32_t> chosen;
  std::uint64_t least_ns = 0;
  for (const std::uint32_t number : busiest_first(tasks_)) {
    if (chosen.size() == kTasksShown) break;
    if (!view.contains(model::TaskId{number})) continue;
    chosen.insert(number);
    least_ns = running(*tasks_.find(number));
  }
  for (const analyze::Task* task : view.tasks()) {
    const auto number = static_cast<std::uint32_t>(task->id);
    if (chosen.count(number) == 0) {
      ++line.tasks_left_out;
      if (tasks_.was_dropped(number) && task->on_cpu_ns >= least_ns) ++line.busy_left_out;
      continue;
    }
    Lane lane = cut(*tasks_.find(number), first, line.columns, task_label(view, task->id));
    lane.task = number;
    line.tasks.push_back(std::move(lane));
  }
}

std::optional<TimeLine> TimeLineBuilder::finish(const View& view) {
  const analyze::Summary& summary = view.summary();
  if (all_.find(kAll) == nullptr || summary.end_ns <= summary.begin_ns) return std::nullopt;
  make_room(summary.begin_ns, summary.end_ns);
  TimeLine line;
  const std::uint64_t first = summary.begin_ns >> shift_;
  line.column_ns = std::uint64_t{1} << shift_;
  line.columns = ((summary.end_ns - 1) >> shift_) - first + 1;
  line.skipped_ns = summary.begin_ns - (first << shift_);
  line.duration_ns = summary.end_ns - summary.begin_ns;
  line.all = cut(*all_.find(kAll), first, line.columns, "all tasks");
  add_cpus(first, line);
  add_tasks(view, first, line);
  for (Happenings each :
       {marks_of(view, line), blocked_loops_of(view, line), losses_of(view, line)}) {
    if (!each.items.empty()) line.happenings.push_back(std::move(each));
  }
  return line;
}

}  // namespace triptych::report
