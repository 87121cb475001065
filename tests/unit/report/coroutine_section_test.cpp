// SPDX-License-Identifier: Apache-2.0
//
// What the report remarks on beside the coroutines themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "report/report.hpp"
#include "report/text_writer.hpp"
#include "sample.hpp"

namespace triptych::report {
namespace {

using model::CoroutineClock;
using model::CoroutineSource;
using ::testing::HasSubstr;
using ::testing::Not;

// One function with one coroutine, of these programs.
analyze::Summary with_coroutine(const std::vector<analyze::CoroutineSpace>& spaces) {
  analyze::Summary summary = sample_summary();
  analyze::Coroutines& all = summary.coroutines;
  all.recorded = true;
  all.count = all.switches = 1;
  all.spaces = spaces;
  all.functions.emplace_back();
  all.functions.back().number = 1;
  all.functions.back().name = "worker";
  all.functions.back().counts.resumed = 1;
  all.rows.emplace_back();
  all.rows.back().number = all.rows.back().function = all.rows.back().space = 1;
  return summary;
}

// In one line, wherever it was broken.
std::string flat_text_of(const analyze::Summary& summary) {
  const auto view = View::make(summary);
  EXPECT_TRUE(view.has_value());
  std::istringstream broken(write_text(make_document(*view)));
  std::string text;
  for (std::string word; broken >> word;) text += word + " ";
  return text;
}

nlohmann::json clock_of(const analyze::Summary& summary) {
  const auto view = View::make(summary);
  EXPECT_TRUE(view.has_value());
  return nlohmann::json::parse(write_json(*view, {})).at("coroutine_clock");
}

TEST(CoroutineSection, RemarksOnAnotherClockThanTheTsc) {
  const analyze::CoroutineSpace usual{1, 100, 0, CoroutineSource::kRecorder, CoroutineClock::kTsc};
  const analyze::CoroutineSpace other{2, 101, 0, CoroutineSource::kRecorder,
                                      CoroutineClock::kMonotonic};
  const analyze::CoroutineSpace probed{3, 102, 0, CoroutineSource::kUsdt,
                                       CoroutineClock::kMonotonic};
  const std::string remark = "TSC is not this machine's clock source";
  EXPECT_THAT(flat_text_of(with_coroutine({usual})), Not(HasSubstr(remark)));
  EXPECT_EQ(clock_of(with_coroutine({usual})), "tsc");
  EXPECT_THAT(flat_text_of(with_coroutine({other, usual})), HasSubstr(remark));
  EXPECT_EQ(clock_of(with_coroutine({other, usual})), "monotonic");
  EXPECT_THAT(flat_text_of(with_coroutine({probed})), Not(HasSubstr(remark)));
  EXPECT_TRUE(clock_of(with_coroutine({probed})).is_null());
}

TEST(CoroutineSection, CountsOneHitAsOne) {
  analyze::Summary summary =
      with_coroutine({{1, 100, 0, CoroutineSource::kUprobe, CoroutineClock::kMonotonic}});
  summary.coroutines.rows.front().runtime = model::CoroutineRuntime::kFunction;
  EXPECT_THAT(flat_text_of(summary), HasSubstr(" 1 hit of the function that was named, none lost"));
  summary.coroutines.functions.front().counts.resumed = 1234;
  EXPECT_THAT(flat_text_of(summary), HasSubstr(" 1,234 hits of the function that was named"));
}

TEST(CoroutineSection, SaysWhyNoneMayHaveBeenSeen) {
  analyze::Summary summary = sample_summary();
  summary.metadata.plan.push_back({"coroutine", "", "not asked for"});
  EXPECT_THAT(flat_text_of(summary), Not(HasSubstr("Coroutines Not known")));
  summary.metadata.plan.back().reason = "/bin/x\n has no symbols";
  EXPECT_THAT(flat_text_of(summary), HasSubstr("Coroutines Not known: /bin/x\\n has no symbols."));
}

}  // namespace
}  // namespace triptych::report
