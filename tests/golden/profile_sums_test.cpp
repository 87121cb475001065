// SPDX-License-Identifier: Apache-2.0
//
// Of every golden trace, the folded profiles, read by a strict parser, add up to the figures of the
// report of the same choice: counts exactly, times to the nanosecond.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "golden_directory.hpp"
#include "support/run_program.hpp"

namespace triptych {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Options = std::vector<std::string>;

std::string output_of(const std::vector<std::string>& words, const Options& options) {
  std::vector<std::string> command = {TRIPTYCH_PROGRAM};
  command.insert(command.end(), words.begin(), words.end());
  command.insert(command.end(), options.begin(), options.end());
  const test::ProgramResult result = test::run_program(command);
  EXPECT_EQ(result.status, 0) << result.err;
  return result.out;
}

// A path's frames and its value.
using Folded = std::map<std::vector<std::string>, std::uint64_t>;

void add_line(const std::string& line, Folded& folded) {
  const std::size_t space = line.rfind(' ');
  ASSERT_NE(space, std::string::npos) << line;
  std::uint64_t value = 0;
  const char* end = line.data() + line.size();
  const auto parsed = std::from_chars(line.data() + space + 1, end, value);
  ASSERT_TRUE(parsed.ec == std::errc() && parsed.ptr == end) << line;
  ASSERT_GT(value, 0u) << line;
  std::vector<std::string> frames;
  std::istringstream path(line.substr(0, space) + ";");
  for (std::string frame; std::getline(path, frame, ';');) {
    ASSERT_FALSE(frame.empty()) << line;
    for (const char byte : frame) ASSERT_TRUE((byte & 0x80) != 0 || byte >= ' ') << line;
    frames.push_back(frame);
  }
  // Some readers take a number before the value for a value too.
  const std::string& leaf = frames.back();
  const std::size_t number = leaf.find_last_not_of("0123456789.");
  ASSERT_FALSE(number + 1 < leaf.size() && leaf[number] == ' ') << line;
  ASSERT_TRUE(folded.emplace(frames, value).second) << "twice: " << line;
}

// Each line is a heading or a path, and the unit is declared, once.
Folded parse(const std::string& text, const std::string& unit) {
  Folded folded;
  EXPECT_TRUE(text.empty() || text.back() == '\n');
  std::istringstream lines(text);
  std::size_t units = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("# ", 0) == 0) {
      EXPECT_EQ(std::string("0123456789.").find(line.back()), std::string::npos) << line;
      if (line == "# unit: " + unit) ++units;
    } else {
      add_line(line, folded);
    }
  }
  EXPECT_EQ(units, 1u);
  return folded;
}

class Trace {
 public:
  Trace(std::string path, Options options) : path_(std::move(path)), options_(std::move(options)) {
    report_ = json::parse(output_of({"report", "--format", "json", path_}, options_));
    if (is_summary()) return;
    std::istringstream lines(output_of({"export", "--format", "jsonl", path_}, options_));
    for (std::string line; std::getline(lines, line);) rows_.push_back(json::parse(line));
  }

  [[nodiscard]] bool is_summary() const { return report_.at("recording").at("mode") == "summary"; }
  [[nodiscard]] const json& report() const { return report_; }

  // False: the trace cannot serve it, and says so.
  bool load(const std::string& profile, const std::string& unit) {
    std::vector<std::string> command = {TRIPTYCH_PROGRAM, "export",    "--format",
                                        "folded",         "--profile", profile,
                                        "--unit",         unit,        path_};
    command.insert(command.end(), options_.begin(), options_.end());
    const test::ProgramResult result = test::run_program(command);
    if (result.status == 2) {
      EXPECT_NE(result.err.find("hint: record with "), std::string::npos) << result.err;
      return false;
    }
    EXPECT_EQ(result.status, 0) << result.err;
    folded_ = parse(result.out, unit);
    return true;
  }

  // Of paths that have this frame; all of them without one.
  [[nodiscard]] std::uint64_t total(const std::string& frame = {}) const {
    std::uint64_t sum = 0;
    for (const auto& [path, value] : folded_) {
      if (frame.empty() || std::count(path.begin(), path.end(), frame) != 0) sum += value;
    }
    return sum;
  }
  [[nodiscard]] const Folded& folded() const { return folded_; }

  [[nodiscard]] std::uint64_t of_tasks(const std::string& figure) const {
    std::uint64_t sum = 0;
    for (const json& task : report_.at("tasks")) {
      if (task.at(figure).is_number()) sum += task.at(figure).get<std::uint64_t>();
    }
    return sum;
  }
  [[nodiscard]] std::uint64_t rows(const std::string& kind) const {
    std::uint64_t count = 0;
    for (const json& row : rows_) count += row.at("kind") == kind ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::uint64_t row_ns(const std::string& kind) const {
    std::uint64_t ns = 0;
    for (const json& row : rows_) {
      if (row.at("kind") == kind) ns += row.value("duration_ns", std::uint64_t{0});
    }
    return ns;
  }

 private:
  std::string path_;
  Options options_;
  json report_;
  std::vector<json> rows_;
  Folded folded_;
};

void expect_times(Trace& trace) {
  const std::vector<std::vector<std::string>> kKinds = {{"on-cpu", "on_cpu_ns", "running"},
                                                        {"off-cpu", "blocked_ns", "blocked"},
                                                        {"run-queue", "runnable_ns", "runnable"},
                                                        {"wakeup", "blocked_ns", "blocked"}};
  for (const auto& kind : kKinds) {
    if (trace.load(kind[0], "ns")) {
      EXPECT_EQ(trace.total(), trace.of_tasks(kind[1])) << kind[0];
    }
    if (trace.load(kind[0], "count")) {
      EXPECT_EQ(trace.total(), trace.rows(kind[2])) << kind[0];
    }
  }
  if (!trace.load("off-cpu", "ns")) return;
  std::map<std::string, std::uint64_t> by_syscall;
  for (const json& task : trace.report().at("tasks")) {
    if (!task.at("blocked_by_syscall").is_object()) continue;
    for (const auto& [name, ns] : task.at("blocked_by_syscall").items()) {
      by_syscall[name] += ns.get<std::uint64_t>();
    }
  }
  for (const auto& [name, ns] : by_syscall) EXPECT_EQ(trace.total("blocked: " + name), ns) << name;
}

void expect_faults(Trace& trace, bool whole) {
  if (!trace.load("fault", "count")) return;
  std::map<std::string, std::uint64_t> by_kind;
  for (const json& task : trace.report().at("tasks")) {
    if (!task.at("faults").is_object()) continue;
    by_kind[""] += task.at("faults").at("total").get<std::uint64_t>();
    for (const char* kind : {"first_touch", "zero_page", "file", "cow_copy", "wp_reuse", "swap"}) {
      by_kind[kind] += task.at("faults").at(kind).get<std::uint64_t>();
    }
  }
  for (const auto& [kind, count] : by_kind) EXPECT_EQ(trace.total(kind), count) << kind;
  if (!whole) return;
  std::uint64_t pages = 0, ns = 0;
  for (const json& space : trace.report().at("address_spaces")) {
    for (const auto& [kind, stats] : space.at("faults").items()) {
      pages += stats.at("pages").get<std::uint64_t>();
      ns += stats.at("time_ns").get<std::uint64_t>();
    }
  }
  EXPECT_TRUE(trace.load("fault", "pages"));
  EXPECT_EQ(trace.total(), pages);
  EXPECT_TRUE(trace.load("fault", "ns"));
  EXPECT_EQ(trace.total(), ns);
}

void expect_bills(const Trace& trace, const char* figure, std::uint64_t scale) {
  for (const json& fork : trace.report().at("forks")) {
    const json& bill = fork.at("cow");
    if (!bill.is_object() || bill.at("incomplete").get<bool>()) continue;
    std::map<std::string, std::uint64_t> sums;
    const std::string of = fmt::format("({}) by ", fork.at("child_tid").get<int>());
    for (const auto& [path, value] : trace.folded()) {
      if (path[0].find(of) != std::string::npos) sums[path[1]] += value * scale;
    }
    EXPECT_EQ(sums["child's copies"], bill.at("child").at(figure).get<std::uint64_t>()) << of;
    EXPECT_EQ(sums["parent's copies"], bill.at("parent").at(figure).get<std::uint64_t>()) << of;
  }
}

void expect_copies(Trace& trace, bool whole) {
  const json& cow = trace.report().at("totals").at("cow");
  if (!cow.is_object()) return;
  constexpr std::uint64_t kPageSize = 4096;
  const std::map<std::string, std::pair<const char*, std::uint64_t>> kFigures = {
      {"count", {"copies", 1}}, {"pages", {"bytes", kPageSize}}, {"ns", {"time_ns", 1}}};
  for (const auto& [unit, figure] : kFigures) {
    if (!trace.load("cow", unit)) return;
    EXPECT_EQ(trace.total() * figure.second, cow.at(figure.first).get<std::uint64_t>()) << unit;
    if (whole) expect_bills(trace, figure.first, figure.second);
  }
}

void expect_creations(Trace& trace) {
  const json& totals = trace.report().at("totals");
  if (!trace.load("fork", "count")) return;
  std::uint64_t created = 0;
  for (const char* how : {"forks", "vforks", "other_clones", "threads_created", "kernel_workers"}) {
    if (totals.at(how).is_number()) created += totals.at(how).get<std::uint64_t>();
  }
  EXPECT_EQ(trace.total(), trace.rows("creation"));
  EXPECT_LE(trace.total(), created);  // whose creator is not known
  EXPECT_EQ(trace.total("fork"), totals.at("forks").get<std::uint64_t>());
  EXPECT_TRUE(trace.load("fork", "ns"));
  EXPECT_EQ(trace.total(), trace.row_ns("creation"));
}

std::uint64_t of_coroutines(const Trace& trace, const char* figure) {
  std::uint64_t sum = 0;
  if (!trace.report().at("coroutines").is_array()) return 0;
  for (const json& each : trace.report().at("coroutines")) {
    if (!each.at(figure).is_null()) sum += each.at(figure).get<std::uint64_t>();
  }
  return sum;
}

void expect_coroutines(Trace& trace) {
  if (!trace.load("coroutine", "ns")) return;
  EXPECT_EQ(trace.total(), of_coroutines(trace, "mounted_ns"));
  EXPECT_TRUE(trace.load("coroutine", "count"));
  EXPECT_EQ(trace.total(), trace.rows("coroutine"));
  EXPECT_TRUE(trace.load("suspended", "ns"));
  EXPECT_EQ(trace.total(), of_coroutines(trace, "suspended_ns"));
}

TEST(ProfileSums, AreTheFiguresOfTheReport) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(golden_directory())) {
    const fs::path path = entry.path() / "trace.txt";
    const std::string name = entry.path().filename().string();
    if (!fs::exists(path) || (is_sanitized() && !is_representative(name))) continue;
    SCOPED_TRACE(name);
    Trace trace(path.string(), {});
    if (trace.is_summary()) continue;
    expect_times(trace);
    expect_faults(trace, true);
    expect_copies(trace, true);
    expect_creations(trace);
    expect_coroutines(trace);
    ++cases;
  }
  EXPECT_GE(cases, is_sanitized() ? 6u : 12u);
}

TEST(ProfileSums, AreThoseOfTheSameChoice) {
  const std::string path = (golden_directory() / "narrowed" / "trace.txt").string();
  for (const Options& options : {Options{"--process", "fork-cow"}, Options{"--tid", "101"}}) {
    Trace trace(path, options);
    expect_times(trace);
    expect_faults(trace, false);
    expect_copies(trace, false);
    EXPECT_GT(trace.rows("running"), 0u);
  }
}

// Every moment is in one part or in the other, and so is who was on top in it.
TEST(ProfileSums, OfTwoPartsAreThoseOfTheWhole) {
  const std::string path = (golden_directory() / "coroutines" / "trace.txt").string();
  for (const char* profile :
       {"on-cpu", "off-cpu", "run-queue", "wakeup", "coroutine", "suspended"}) {
    const Options choice = {"--profile", profile};
    const auto part = [&](Options options) {
      options.insert(options.end(), choice.begin(), choice.end());
      return parse(output_of({"export", "--format", "folded", path}, options), "ns");
    };
    Folded sum = part({"--to", "30ms"});
    for (const auto& [frames, ns] : part({"--from", "30ms"})) sum[frames] += ns;
    EXPECT_EQ(sum, part({})) << profile;
  }
}

TEST(ProfileSums, OfACoroutineAreItsFigures) {
  const std::string path = (golden_directory() / "coroutines" / "trace.txt").string();
  const json report = json::parse(output_of({"report", "--format", "json", path}, {}));
  const std::map<std::string, const char*> kFigures = {{"on-cpu", "on_cpu_ns"},
                                                       {"off-cpu", "blocked_ns"},
                                                       {"run-queue", "runnable_ns"},
                                                       {"coroutine", "mounted_ns"},
                                                       {"suspended", "suspended_ns"}};
  const auto folded = [&path](const std::string& profile, const std::string& coroutine) {
    return parse(output_of({"export", "--format", "folded", path},
                           {"--profile", profile, "--coroutine", coroutine}),
                 "ns");
  };
  for (const json& each : report.at("coroutines")) {
    for (const auto& [profile, figure] : kFigures) {
      std::uint64_t sum = 0;
      for (const auto& [frames, ns] : folded(profile, each.at("id").dump())) sum += ns;
      EXPECT_EQ(sum, each.at(figure).get<std::uint64_t>()) << profile << " of " << each.at("id");
    }
  }
  const Folded expected = {
      {{"coroutine", "server (100)", "server (100)", "query", "blocked: clock_nanosleep"},
       50'000'000u}};
  EXPECT_EQ(folded("off-cpu", "query"), expected);
}

}  // namespace
}  // namespace triptych
