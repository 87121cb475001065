// SPDX-License-Identifier: Apache-2.0
#include "workloads/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "workloads/run_arguments.hpp"

namespace triptych::workloads {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::uint64_t> runs;  // of the cell below, since its making
std::uint64_t fails_at = 0;       // the run of so many operations

class NotingCell final : public Cell {
 public:
  Result<void> run(std::uint64_t operations) override {
    runs.push_back(operations);
    if (fails_at != 0 && operations == fails_at) return fail("it broke");
    switches_ += 2 * operations + 1;
    return {};
  }
  std::vector<Metric> metrics() const override {
    return {{"size", "bytes", 4096, "a file"}, {"nothing", "1", 0.0 / 0.0, "a division"}};
  }
  std::vector<std::string> notes() const override { return {"mind the gap"}; }
  std::uint64_t coroutine_switches() const override { return switches_; }

 private:
  std::uint64_t switches_ = 0;
};

std::vector<std::string> calls;  // of the cell below, since its making

// What it does beside its operations takes longer than they do, and faults.
class RestoringCell final : public Cell {
 public:
  Result<void> run(std::uint64_t operations) override {
    calls.push_back(std::to_string(operations));
    return {};
  }
  bool needs_restoring() const override { return true; }
  void restore() override {
    calls.emplace_back("restore");
    constexpr timespec kLong{0, 20'000'000};
    ::nanosleep(&kLong, nullptr);
  }
};

constexpr Parameter kParameters[] = {
    {"size", "", ParameterKind::kBytes, 65536, 0, 1 << 20, {}},
};

Result<std::unique_ptr<Cell>> make_noting(const Parameters&) {
  runs.clear();
  return std::make_unique<NotingCell>();
}
Result<std::unique_ptr<Cell>> make_restoring(const Parameters&) {
  calls.clear();
  return std::make_unique<RestoringCell>();
}
Result<std::unique_ptr<Cell>> make_nothing(const Parameters&) {
  return fail("no room");
}

Scenario scenario() {
  Scenario scenario;
  scenario.name = "sample";
  scenario.parameters = kParameters;
  scenario.variants = {{Model::kCoroutine, "noting", "", make_noting},
                       {Model::kThread, "nothing", "", make_nothing},
                       {Model::kProcess, "restoring", "", make_restoring}};
  return scenario;
}

Result<RunResult> run(const RunOptions& options, std::size_t variant = 0) {
  const Scenario sample = scenario();
  return run_cell(sample, sample.variants[variant], *Parameters::parse(kParameters, {}), options);
}

TEST(RunTest, WhatPutsACellBackIsNotTimed) {
  RunOptions options;
  options.operations = 3;
  options.warm_up_operations = 1;
  options.control = true;
  const Result<RunResult> done = run(options, 2);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(calls,
              ElementsAre("restore", "1", "0", "restore", "1", "restore", "1", "restore", "1"));
  EXPECT_EQ(done->operations, 3u);
  EXPECT_LT(done->elapsed_ns, 20'000'000u) << "three times as much went to restoring";
  EXPECT_EQ(done->usage.voluntary_switches, 0u) << "restoring slept";
}

TEST(RunTest, DoesTheWarmUpThenTheOperations) {
  const Result<RunResult> result = run({.operations = 10, .warm_up_operations = 3});
  ASSERT_TRUE(result);
  EXPECT_THAT(runs, ElementsAre(3, 10));
  EXPECT_EQ(result->operations, 10u);
  EXPECT_EQ(result->coroutine_switches, 21u);  // of the measured run alone
  ASSERT_EQ(result->metrics.size(), 2u);
  EXPECT_THAT(result->notes, ElementsAre("mind the gap"));
}

TEST(RunTest, DoesTheControlRunInBetween) {
  ASSERT_TRUE(run({.operations = 10, .warm_up_operations = 3, .control = true}));
  EXPECT_THAT(runs, ElementsAre(3, 0, 10));
}

TEST(RunTest, NoOperationsAreARunOfNone) {
  const Result<RunResult> result = run({});
  ASSERT_TRUE(result);
  EXPECT_THAT(runs, ElementsAre(0));
  EXPECT_EQ(result->operations, 0u);
}

TEST(RunTest, FillsATimeWithGrowingBatches) {
  const Result<RunResult> result = run({.seconds = 0.01});
  ASSERT_TRUE(result);
  EXPECT_GE(result->elapsed_ns, 10'000'000u);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_GE(runs[i], 1u);
    if (i > 0) {
      EXPECT_LE(runs[i], 2 * runs[i - 1]);
    }
    sum += runs[i];
  }
  EXPECT_EQ(runs[0], 1u);
  EXPECT_GT(runs.size(), 5u);
  EXPECT_EQ(result->operations, sum);
}

TEST(RunTest, SaysWhatFailed) {
  fails_at = 3;
  const Result<RunResult> in_warm_up = run({.operations = 10, .warm_up_operations = 3});
  fails_at = 10;
  const Result<RunResult> in_run = run({.operations = 10});
  fails_at = 0;
  ASSERT_FALSE(in_warm_up);
  EXPECT_EQ(in_warm_up.error().message, "it broke");
  ASSERT_FALSE(in_run);
  EXPECT_EQ(in_run.error().message, "it broke");
  const Result<RunResult> not_made = run({.operations = 10}, 1);
  ASSERT_FALSE(not_made);
  EXPECT_EQ(not_made.error().message, "no room");
}

TEST(RunTest, WhatIsCountedOnceIsNotRepeated) {
  Scenario once = scenario();
  once.counted_once = true;
  const Parameters parameters = *Parameters::parse(kParameters, {});
  EXPECT_TRUE(run_cell(once, once.variants[0], parameters, {.operations = 1}));
  const auto timed = run_cell(once, once.variants[0], parameters, {.seconds = 1});
  ASSERT_FALSE(timed);
  EXPECT_EQ(timed.error().message, "sample is counted once: it cannot be run for a time");
  const auto warm = run_cell(once, once.variants[0], parameters, {.warm_up_operations = 1});
  ASSERT_FALSE(warm);
  EXPECT_EQ(warm.error().message, "sample is counted once: it has no warm-up");
}

TEST(RunTest, StaysOnItsCpu) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(before), &before), 0);
  unsigned cpu = 0;
  while (!CPU_ISSET(cpu, &before)) ++cpu;
  EXPECT_TRUE(run({.operations = 1, .cpu = cpu}));
  cpu_set_t now;
  ASSERT_EQ(::sched_getaffinity(0, sizeof(now), &now), 0);
  EXPECT_EQ(CPU_COUNT(&now), 1);
  EXPECT_TRUE(CPU_ISSET(cpu, &now));
  ::sched_setaffinity(0, sizeof(before), &before);
  const Result<RunResult> refused = run({.operations = 1, .cpu = 1'000'000});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cannot run on CPU 1000000 alone: Invalid argument");
}

TEST(RunTest, WritesJson) {
  const Scenario sample = scenario();
  RunResult result;
  result.operations = 10;
  result.elapsed_ns = 1234;
  result.usage = {1, 2, 3, 4, 5, 6};
  result.coroutine_switches = 7;
  result.metrics = NotingCell().metrics();
  result.notes = {"mind the \"gap\""};
  EXPECT_EQ(to_json(sample, sample.variants[0], *Parameters::parse(kParameters, {}), result),
            R"({
  "schema": "triptych.run/1",
  "scenario": "sample",
  "model": "coroutine",
  "variant": "noting",
  "parameters": {
    "size": "64K"
  },
  "operations": 10,
  "elapsed_ns": 1234,
  "usage": {
    "user_ns": 1,
    "system_ns": 2,
    "voluntary_switches": 3,
    "involuntary_switches": 4,
    "minor_faults": 5,
    "major_faults": 6
  },
  "coroutine_switches": 7,
  "metrics": [
    {
      "name": "size",
      "unit": "bytes",
      "value": 4096.0,
      "source": "a file"
    },
    {
      "name": "nothing",
      "unit": "1",
      "value": null,
      "source": "a division"
    }
  ],
  "notes": [
    "mind the \"gap\""
  ]
}
)");
}

TEST(RunTest, WritesText) {
  const Scenario sample = scenario();
  RunResult result;
  result.operations = 1000;
  result.elapsed_ns = 2'000'000;
  result.metrics = NotingCell().metrics();
  result.notes = {"mind the gap"};
  const std::string text =
      to_text(sample, sample.variants[0], *Parameters::parse(kParameters, {}), result);
  EXPECT_THAT(text, HasSubstr("sample coroutine noting\n"));
  EXPECT_THAT(text, HasSubstr("  size                       64K\n"));
  EXPECT_THAT(text, HasSubstr("  operations                 1,000\n"));
  EXPECT_THAT(text, HasSubstr("  time per operation         2000 ns\n"));
  EXPECT_THAT(text, HasSubstr("  size                       4.0 KiB\n"));
  EXPECT_THAT(text, HasSubstr("  note: mind the gap\n"));
}

TEST(RunArgumentsTest, WordsLeadBack) {
  RunArguments arguments;
  arguments.scenario = "switch";
  arguments.model = Model::kThread;
  arguments.variant = "default";
  arguments.settings = {"units=3", "through=pipe"};
  arguments.options = {100, 0.25, 7, true, 1};
  arguments.json = true;
  const Result<RunArguments> back = RunArguments::parse(arguments.to_words());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->scenario, "switch");
  EXPECT_EQ(back->model, Model::kThread);
  EXPECT_EQ(back->variant, "default");
  EXPECT_EQ(back->settings, arguments.settings);
  EXPECT_EQ(back->options.operations, 100u);
  EXPECT_EQ(back->options.seconds, 0.25);
  EXPECT_EQ(back->options.warm_up_operations, 7u);
  EXPECT_TRUE(back->options.control);
  EXPECT_EQ(back->options.cpu, 1u);
  EXPECT_TRUE(back->json);
}

TEST(RunArgumentsTest, RefusesOtherWords) {
  for (const char* word : {"", "create", "model=fibre", "operations=-1", "operations=1x",
                           "seconds=", "cpu=one", "colour=1"}) {
    const Result<RunArguments> refused = RunArguments::parse(std::vector<std::string>{word});
    ASSERT_FALSE(refused) << word;
    EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
  }
}

TEST(RunArgumentsTest, SelectsFromTheRegistry) {
  RunArguments arguments;
  arguments.scenario = "create";
  arguments.model = Model::kThread;
  arguments.settings = {"resident=1M"};
  const Result<Selection> selection = select(arguments);
  ASSERT_TRUE(selection);
  EXPECT_EQ(selection->scenario->name, "create");
  EXPECT_EQ(selection->variant->name, "default");
  EXPECT_EQ(selection->parameters.value("resident"), 1u << 20);
  arguments.scenario = "crate";
  EXPECT_EQ(select(arguments).error().message, "there is no scenario crate");
}

}  // namespace
}  // namespace triptych::workloads
