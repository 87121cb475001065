// SPDX-License-Identifier: Apache-2.0
//
// The intervals of an export against the report of the same trace: they add up to its figures, to
// the nanosecond, and leave no moment of a task's life out.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
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

json report_of(const std::string& trace, const std::vector<std::string>& options) {
  std::vector<std::string> command = {TRIPTYCH_PROGRAM, "report", "--format", "json", trace};
  command.insert(command.end(), options.begin(), options.end());
  const test::ProgramResult result = test::run_program(command);
  EXPECT_EQ(result.status, 0) << result.err;
  return json::parse(result.out);
}

std::vector<json> rows_of(const std::string& trace, const std::vector<std::string>& options) {
  std::vector<std::string> command = {TRIPTYCH_PROGRAM, "export", "--format", "jsonl", trace};
  command.insert(command.end(), options.begin(), options.end());
  const test::ProgramResult result = test::run_program(command);
  EXPECT_EQ(result.status, 0) << result.err;
  std::vector<json> rows;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);) rows.push_back(json::parse(line));
  return rows;
}

struct Sums {
  std::map<std::string, std::uint64_t> by_kind;  // ns
  std::map<std::string, std::uint64_t> blocked;  // ns
  std::uint64_t faults = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> life;  // from, to
};

std::map<std::uint64_t, Sums> sums_of(const std::vector<json>& rows) {
  std::map<std::uint64_t, Sums> tasks;
  for (const json& row : rows) {
    if (!row.contains("task")) continue;
    Sums& sums = tasks[row.at("task")];
    const std::string kind = row.at("kind");
    if (kind == "fault") ++sums.faults;
    if (kind == "fault" || kind == "creation" || kind == "coroutine") continue;
    const std::int64_t begin = row.at("begin_ns"), duration = row.at("duration_ns");
    EXPECT_GT(duration, 0);
    sums.by_kind[kind] += static_cast<std::uint64_t>(duration);
    sums.life.emplace_back(begin, begin + duration);
    if (kind == "blocked") sums.blocked[row.at("detail")] += static_cast<std::uint64_t>(duration);
  }
  return tasks;
}

void expect_equal(const json& figure, std::uint64_t sum, const std::string& what) {
  if (figure.is_null()) return;  // not recorded: the report does not know either
  EXPECT_EQ(figure.get<std::uint64_t>(), sum) << what;
}

void expect_whole_life(const json& task, const json& report, Sums& sums) {
  std::sort(sums.life.begin(), sums.life.end());
  const auto begin_ns = report.at("begin_ns").get<std::int64_t>();
  const std::int64_t end_ns = begin_ns + report.at("duration_ns").get<std::int64_t>();
  std::int64_t at = task.at("start_ns").get<std::int64_t>() - begin_ns;
  for (const auto& [from, to] : sums.life) {
    EXPECT_EQ(from, at) << task.at("task");
    at = to;
  }
  EXPECT_EQ(at, task.at("end_ns").is_null() ? end_ns - begin_ns
                                            : task.at("end_ns").get<std::int64_t>() - begin_ns);
}

void expect_coroutines(const json& report, const std::vector<json>& rows) {
  if (!report.at("coroutines").is_array()) return;
  std::map<std::uint64_t, std::uint64_t> mounted;
  for (const json& row : rows) {
    if (row.at("kind") == "coroutine") {
      mounted[row.at("coroutine")] += row.at("duration_ns").get<std::uint64_t>();
    }
  }
  for (const json& each : report.at("coroutines")) {
    const json& told = each.at("mounted_ns");  // null where nobody sees how long
    EXPECT_EQ(told.is_null() ? 0 : told.get<std::uint64_t>(), mounted[each.at("id")])
        << each.at("id");
  }
}

void expect_same(const std::string& trace, const std::vector<std::string>& options) {
  const json report = report_of(trace, options);
  if (report.at("recording").at("mode") == "summary") return;
  const std::vector<json> rows = rows_of(trace, options);
  std::map<std::uint64_t, Sums> sums = sums_of(rows);
  std::size_t recorded = 0;
  for (const json& task : report.at("tasks")) {
    ++recorded;
    Sums& own = sums[task.at("task")];
    const std::string who = task.at("task").dump();
    expect_equal(task.at("on_cpu_ns"), own.by_kind["running"], "running " + who);
    expect_equal(task.at("runnable_ns"), own.by_kind["runnable"], "runnable " + who);
    expect_equal(task.at("blocked_ns"), own.by_kind["blocked"], "blocked " + who);
    expect_equal(task.at("unknown_ns"), own.by_kind["unknown"], "unknown " + who);
    if (task.at("blocked_by_syscall").is_object()) {
      for (const auto& [syscall, ns] : task.at("blocked_by_syscall").items()) {
        expect_equal(ns, own.blocked[syscall], fmt::format("{} {}", syscall, who));
      }
    }
    if (task.at("faults").is_object()) {
      expect_equal(task.at("faults").at("total"), own.faults, "faults " + who);
    }
    expect_whole_life(task, report, own);
  }
  EXPECT_EQ(sums.size(), recorded) << "rows of others";
  if (options.empty()) expect_coroutines(report, rows);
}

TEST(IntervalSums, AreTheFiguresOfTheReport) {
  std::size_t cases = 0;
  for (const auto& entry : fs::directory_iterator(golden_directory())) {
    const fs::path trace = entry.path() / "trace.txt";
    if (!fs::exists(trace)) continue;
    SCOPED_TRACE(entry.path().filename().string());
    expect_same(trace.string(), {});
    ++cases;
  }
  EXPECT_GE(cases, 12u);
}

TEST(IntervalSums, AreThoseOfTheSameChoice) {
  const std::string trace = (golden_directory() / "narrowed" / "trace.txt").string();
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--process", "fork-cow"}, {"--tid", "101"}}) {
    expect_same(trace, options);
  }
}

// Every moment is in one part or in the other.
TEST(IntervalSums, OfTwoPartsAreThoseOfTheWhole) {
  const std::string trace = (golden_directory() / "threads" / "trace.txt").string();
  std::map<std::uint64_t, Sums> whole = sums_of(rows_of(trace, {}));
  std::map<std::uint64_t, Sums> first = sums_of(rows_of(trace, {"--to", "111us"}));
  std::map<std::uint64_t, Sums> second = sums_of(rows_of(trace, {"--from", "111us"}));
  ASSERT_FALSE(whole.empty());
  EXPECT_FALSE(first.empty());
  EXPECT_FALSE(second.empty());
  for (auto& [task, sums] : whole) {
    for (const auto& [kind, ns] : sums.by_kind) {
      EXPECT_EQ(ns, first[task].by_kind[kind] + second[task].by_kind[kind]) << kind;
    }
  }
  for (const auto& [task, sums] : first) {
    for (const auto& [from, to] : sums.life) EXPECT_LE(to, 111'000);
  }
}

}  // namespace
}  // namespace triptych
