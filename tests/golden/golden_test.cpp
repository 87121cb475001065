// SPDX-License-Identifier: Apache-2.0
//
// Each folder here is a case: trace.txt, a text trace, and what the built program makes of it:
// report.txt, report.json, intervals.csv, profiles.txt, byte for byte. report.args, if there is
// one, holds further options of the report, one a line. UPDATE_GOLDEN=1 rewrites what differs: then
// read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "golden_directory.hpp"
#include "profile/kind.hpp"
#include "report/report.hpp"
#include "support/json_schema.hpp"
#include "support/run_program.hpp"
#include "support/temporary_directory.hpp"

namespace triptych {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  fs::path directory() const { return golden_directory() / GetParam(); }

  // What the program prints, which must succeed.
  std::string output_of(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), TRIPTYCH_PROGRAM);
    const test::ProgramResult result = test::run_program(arguments);
    EXPECT_EQ(result.err, "");
    EXPECT_EQ(result.status, 0);
    return result.out;
  }

  std::string report(const std::string& format) const {
    std::vector<std::string> arguments = {"report", (directory() / "trace.txt").string(),
                                          "--format", format};
    for (const std::string& each : lines_of(content_of(directory() / "report.args"))) {
      arguments.push_back(each);
    }
    return output_of(arguments);
  }

  void expect_content(const std::string& name, const std::string& actual) const {
    const fs::path path = directory() / name;
    const std::string expected = content_of(path);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
      if (expected != actual) std::ofstream(path, std::ios::binary) << actual;
      return;
    }
    EXPECT_EQ(actual, expected) << path << "; UPDATE_GOLDEN=1 rewrites it";
  }
};

TEST_P(Golden, ReportsText) {
  const std::string text = report("text");
  for (const char byte : text) {
    ASSERT_FALSE((byte >= 0 && byte < ' ' && byte != '\n') || byte == '\x7f')
        << "control character";
  }
  expect_content("report.txt", text);
}

TEST_P(Golden, ReportsJsonAfterTheSchema) {
  const std::string text = report("json");
  const nlohmann::json parsed = nlohmann::json::parse(text);
  const nlohmann::json schema = nlohmann::json::parse(report::json_schema());
  EXPECT_EQ(test::schema_violations(parsed, schema), std::vector<std::string>{});
  expect_content("report.json", text);
}

// A dump is the trace itself, without its comments; and dumping that changes nothing.
TEST_P(Golden, DumpsWhatItRead) {
  std::string canonical;
  for (const std::string& line : lines_of(content_of(directory() / "trace.txt"))) {
    const bool said = line.rfind("# triptych", 0) == 0 || line.rfind("# metadata ", 0) == 0 ||
                      line.rfind("# ending ", 0) == 0 || line.rfind("# quality ", 0) == 0;
    if (!line.empty() && (line[0] != '#' || said)) canonical += line + "\n";
  }
  EXPECT_EQ(output_of({"dump", (directory() / "trace.txt").string()}), canonical);

  const test::TemporaryDirectory temporary;
  const std::string copy = temporary.path() + "/copy.txt";
  EXPECT_EQ(output_of({"dump", (directory() / "trace.txt").string(), "-o", copy}), "");
  EXPECT_EQ(output_of({"dump", copy}), canonical);
}

// What a trace lacks is said, and nothing else.
TEST_P(Golden, ExportsIntervals) {
  const std::vector<std::string> command = {TRIPTYCH_PROGRAM, "export", "--format", "csv",
                                            (directory() / "trace.txt").string()};
  const test::ProgramResult result = test::run_program(command);
  const nlohmann::json about = nlohmann::json::parse(
      output_of({"report", (directory() / "trace.txt").string(), "--format", "json"}));
  if (about.at("recording").at("mode") == "summary") {
    EXPECT_EQ(result.status, 2);
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err,
              "error: a trace of summaries does not say what happened when\n"
              "hint: record without --summary-only to export it\n");
    return;
  }
  EXPECT_EQ(result.status, 0);
  for (const std::string& line : lines_of(result.err)) {
    EXPECT_EQ(line.rfind("triptych: the export is not complete: ", 0), 0u) << line;
  }
  expect_content("intervals.csv", result.out);
}

TEST_P(Golden, ExportsProfiles) {
  if (is_sanitized() && !is_representative(GetParam())) return;
  std::string all;
  for (const std::string& kind : profile::kind_words()) {
    const std::vector<std::string> command = {TRIPTYCH_PROGRAM,
                                              "export",
                                              "--format",
                                              "folded",
                                              "--profile",
                                              kind,
                                              (directory() / "trace.txt").string()};
    const test::ProgramResult result = test::run_program(command);
    const bool refused = result.status == 2 && result.out.empty();
    EXPECT_TRUE(result.status == 0 || refused) << result.err;
    if (refused && result.err.find("of summaries") != std::string::npos) return;
    all += refused ? result.err : result.out;
  }
  expect_content("profiles.txt", all);
}

TEST_P(Golden, DumpsJsonLines) {
  std::size_t events = 0;
  for (const std::string& line : lines_of(content_of(directory() / "trace.txt"))) {
    if (!line.empty() && line[0] != '#') ++events;
  }
  const auto lines =
      lines_of(output_of({"dump", (directory() / "trace.txt").string(), "--format", "json"}));
  EXPECT_EQ(lines.size(), events);
  for (const std::string& line : lines) {
    EXPECT_TRUE(nlohmann::json::parse(line).contains("kind")) << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(golden_cases()), [](const auto& each) {
  std::string name = each.param;
  for (char& byte : name) {
    if (byte == '-') byte = '_';
  }
  return name;
});

TEST(GoldenCases, AreThere) {
  EXPECT_GE(golden_cases().size(), 12u);
}

}  // namespace
}  // namespace triptych
