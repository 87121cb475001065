// SPDX-License-Identifier: Apache-2.0
//
// The time line as drawings, one a lane, that stretch to the room they are given. Abscissas are
// columns, ordinates per cent from the top. page.js zooms by the box that all drawings show, and
// reads from their paths what the pointer is at: the form of a path is M0,100, then Vy Hx for each
// run of columns of one height, then V100Z.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "html/chart.hpp"
#include "report/html_writer.hpp"

namespace triptych::report {
namespace {

using html::coordinate;
using html::Markup;

constexpr double kFull = 100;
constexpr std::size_t kTicks = 6;  // at most
constexpr double kLastLabel = 0.95;

std::uint64_t of(const StateTimes& times, TaskState state) {
  return times[static_cast<std::size_t>(state)];
}

class LineWriter {
 public:
  LineWriter(Markup& page, const TimeLine& line) : page_(page), line_(line) {}

  void write();

 private:
  // States drawn on top of each other, the first at the bottom.
  using Stack = std::vector<TaskState>;

  void legend();
  void axis();
  void happenings(const Happenings& happenings);
  void lane(const Lane& lane, const Stack& stack, double scale, const std::string& note);
  void path(const Lane& lane, const Stack& stack, std::size_t levels, double scale);
  void begin_lane(const std::string& name, std::uint32_t task, const std::string& note);
  void begin_drawing(const char* kind);
  [[nodiscard]] std::string view_box() const;
  [[nodiscard]] double x_of(std::uint64_t since_begin_ns) const;
  [[nodiscard]] double most_at_once() const;

  Markup& page_;
  const TimeLine& line_;
};

double LineWriter::x_of(std::uint64_t since_begin_ns) const {
  return (static_cast<double>(line_.skipped_ns) + static_cast<double>(since_begin_ns)) /
         static_cast<double>(line_.column_ns);
}

std::string LineWriter::view_box() const {
  return fmt::format("{} 0 {} 100", coordinate(x_of(0)),
                     coordinate(x_of(line_.duration_ns) - x_of(0)));
}

// How many tasks ran or were ready at once, on the average of the column that has most.
double LineWriter::most_at_once() const {
  double most = 1;
  for (std::size_t i = 0; i < line_.all->columns.size(); ++i) {
    const StateTimes& times = line_.all->columns[i];
    const std::uint64_t length = column_length(line_, line_.all->first + i);
    if (length == 0) continue;
    const double busy =
        static_cast<double>(of(times, TaskState::kRunning) + of(times, TaskState::kRunnable));
    most = std::max(most, busy / static_cast<double>(length));
  }
  return std::ceil(most - 0.005);
}

void LineWriter::begin_lane(const std::string& name, std::uint32_t task, const std::string& note) {
  if (task != 0) {
    page_.open("div", {{"class", "lane"}, {"id", anchor("lane", task)}});
  } else {
    page_.open("div", {{"class", "lane"}});
  }
  page_.open("div", {{"class", "name"}});
  if (task != 0) {
    page_.leaf("a", name, {{"href", "#" + anchor("tree", task)}});
  } else {
    page_.text(name);
  }
  if (!note.empty()) page_.leaf("small", note);
  page_.close();
}

void LineWriter::begin_drawing(const char* kind) {
  page_.open(
      "svg",
      {{"class", kind}, {"viewBox", view_box()}, {"preserveAspectRatio", "none"}, {"role", "img"}});
}

// The outline of the lowest `levels` of the stack.
void LineWriter::path(const Lane& lane, const Stack& stack, std::size_t levels, double scale) {
  std::string drawn = fmt::format("M{},100", lane.first);
  int height = 0;
  bool any = false;
  for (std::size_t i = 0; i < lane.columns.size(); ++i) {
    std::uint64_t ns = 0;
    for (std::size_t level = 0; level < levels; ++level) ns += of(lane.columns[i], stack[level]);
    any = any || of(lane.columns[i], stack[levels - 1]) != 0;
    const std::uint64_t length = std::max<std::uint64_t>(column_length(line_, lane.first + i), 1);
    const double share = static_cast<double>(ns) / static_cast<double>(length) / scale;
    // Whatever happened at all is seen.
    int next = static_cast<int>(std::lround(std::min(share, 1.0) * kFull));
    if (ns != 0) next = std::max(next, 1);
    if (next != height && i != 0) drawn += fmt::format("H{}", lane.first + i);
    if (next != height || i == 0) drawn += fmt::format("V{}", static_cast<int>(kFull) - next);
    height = next;
  }
  if (!any) return;
  drawn += fmt::format("H{}V100Z", lane.first + lane.columns.size());
  page_.single("path", {{"class", class_of(stack[levels - 1])}, {"d", drawn}});
}

void LineWriter::lane(const Lane& lane, const Stack& stack, double scale, const std::string& note) {
  begin_lane(lane.name, lane.task, note);
  page_.open("svg", {{"class", "drawing"},
                     {"viewBox", view_box()},
                     {"preserveAspectRatio", "none"},
                     {"role", "img"},
                     {"data-scale", coordinate(scale)},
                     {"aria-label", lane.name}});
  // From the highest to the lowest: each covers all but its own part of the one before.
  for (std::size_t levels = stack.size(); levels > 0; --levels) path(lane, stack, levels, scale);
  page_.close();
  page_.close();
}

void LineWriter::happenings(const Happenings& happenings) {
  static constexpr const char* kNames[] = {"marks", "lost records", "blocked loops"};
  static constexpr const char* kClasses[] = {"mark", "loss", "slow"};
  const auto kind = static_cast<std::size_t>(happenings.kind);
  begin_lane(kNames[kind], 0, "");
  begin_drawing("drawing happenings");
  for (const Happening& each : happenings.items) {
    page_.open("path", {{"class", kClasses[kind]},
                        {"d", fmt::format("M{},0V100H{}V0Z", coordinate(x_of(each.from_ns)),
                                          coordinate(x_of(each.to_ns)))}});
    page_.leaf("title", fmt::format("+{}: {}", format_duration_ns(each.from_ns), each.what));
    page_.close();
  }
  page_.close();
  page_.close();
}

void LineWriter::legend() {
  page_.open("figcaption");
  for (const TaskState state :
       {TaskState::kRunning, TaskState::kRunnable, TaskState::kBlocked, TaskState::kUnknown}) {
    html::write_key(page_, class_of(state), words_of(state));
  }
  page_.close();
}

// 1, 2 or 5 of a power of ten, so that there are not too many.
double tick_step(double length_ns) {
  double step = 1;
  for (const double factor : {2.0, 2.5, 2.0}) {
    if (length_ns / step <= static_cast<double>(kTicks)) break;
    step *= factor;
  }
  return step;
}

void LineWriter::axis() {
  const auto length = static_cast<double>(line_.duration_ns);
  double decade = 1;
  while (length / (decade * 10) > static_cast<double>(kTicks)) decade *= 10;
  const double step = decade * tick_step(length / decade);
  begin_lane("", 0, "");
  page_.open("svg", {{"class", "axis"}, {"aria-hidden", "true"}});
  for (double at = 0; at < length * 0.97; at += step) {
    const std::string x = coordinate(at / length * 100) + "%";
    page_.single("line", {{"x1", x}, {"x2", x}, {"y1", "0"}, {"y2", "5"}});
    // Neither its beginning nor its end is beyond the drawing's.
    if (at == 0) {
      page_.leaf("text", "0", {{"x", x}, {"y", "17"}});
    } else if (at < length * kLastLabel) {
      page_.leaf("text", format_duration_ns(static_cast<std::uint64_t>(at)),
                 {{"class", "inside"}, {"x", x}, {"y", "17"}});
    }
  }
  page_.close();
  page_.close();
}

void LineWriter::write() {
  const Stack every = {TaskState::kRunning, TaskState::kRunnable, TaskState::kUnknown,
                       TaskState::kBlocked};
  page_.open("figure", {{"class", "time-line"},
                        {"data-column-ns", fmt::format("{}", line_.column_ns)},
                        {"data-skipped-ns", fmt::format("{}", line_.skipped_ns)},
                        {"data-duration-ns", fmt::format("{}", line_.duration_ns)}});
  legend();
  page_.open("div", {{"class", "lanes"}});
  axis();
  for (const Happenings& each : line_.happenings) happenings(each);
  if (line_.all) {
    const double most = most_at_once();
    lane(*line_.all, {TaskState::kRunning, TaskState::kRunnable}, most,
         fmt::format("up to {:.0f} running or ready", most));
  }
  for (const Lane& each : line_.cpus) lane(each, {TaskState::kRunning}, 1, "");
  for (const Lane& each : line_.tasks) lane(each, every, 1, "");
  page_.close();
  page_.close();
}

}  // namespace

void write_time_line(Markup& page, const TimeLine& line) {
  LineWriter(page, line).write();
}

}  // namespace triptych::report
