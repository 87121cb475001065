// SPDX-License-Identifier: Apache-2.0
//
// Where a coroutine's time goes, by what its thread did meanwhile.
#include <algorithm>

#include "coroutine_fixture.hpp"

namespace triptych::test {
namespace {

using namespace std::chrono_literals;

TEST_F(CoroutineTest, MountedTimeIsWhatItsThreadDid) {
  at(10us, CoroutineWhat::kCreated, 1).at(20us, CoroutineWhat::kResumed, 1);
  trace_.at(30us).block_to(model::kIdleTask, kRead);
  trace_.at(70us).wake(thread_);
  trace_.at(75us).switch_to(thread_);
  at(80us, CoroutineWhat::kSuspended, 1).at(90us, CoroutineWhat::kResumed, 1);
  at(95us, CoroutineWhat::kFinished, 1).at(96us, CoroutineWhat::kDestroyed, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  const Coroutine& only = row(summary, 1);
  EXPECT_EQ(only.times.mounted_ns, 65'000u);
  EXPECT_EQ(only.times.on_cpu_ns, 20'000u);
  EXPECT_EQ(only.times.blocked_ns, 40'000u);
  EXPECT_EQ(only.times.runnable_ns, 5'000u);
  EXPECT_EQ(only.times.unknown_ns, 0u);
  EXPECT_EQ(only.times.suspended_ns, 20'000u);
  EXPECT_EQ(only.resumes, 2u);
  EXPECT_TRUE(only.finished);
  EXPECT_EQ(only.ended_ns, 96'000u);
  EXPECT_EQ(summary.coroutines.switches, 2u);
}

TEST_F(CoroutineTest, TheOneOnTopIsCharged) {
  at(10us, CoroutineWhat::kResumed, 1).at(20us, CoroutineWhat::kResumed, 2);
  at(50us, CoroutineWhat::kSuspended, 2).at(60us, CoroutineWhat::kSuspended, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  EXPECT_EQ(row(summary, 1).times.on_cpu_ns, 20'000u);
  EXPECT_EQ(row(summary, 2).times.on_cpu_ns, 30'000u);
  EXPECT_FALSE(row(summary, 1).created_ns.has_value()) << "it was there before";
  ASSERT_EQ(summary.coroutines.loops.size(), 1u);
  EXPECT_EQ(summary.coroutines.loops[0].steps, 1u);
  EXPECT_EQ(summary.coroutines.loops[0].longest_step_ns, 50'000u);
  EXPECT_EQ(summary.coroutines.loops[0].coroutine_ns, 50'000u);
}

TEST_F(CoroutineTest, WhatAnExceptionLeftIsNotMountedAnyMore) {
  at(10us, CoroutineWhat::kResumed, 1).at(20us, CoroutineWhat::kResumed, 2);
  at(50us, CoroutineWhat::kSuspended, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  EXPECT_EQ(row(summary, 2).times.mounted_ns, 30'000u);
  EXPECT_EQ(row(summary, 1).times.mounted_ns, 10'000u);
}

TEST_F(CoroutineTest, WhatEndsUnseenIsUnknownAndBlocksNobody) {
  model::Coroutine resumed = coroutine(CoroutineWhat::kResumed, 1);
  resumed.end_unseen = true;
  trace_.at(10us).emit(thread_, resumed);
  trace_.at(20us).block_to(model::kIdleTask, kRead);
  trace_.at(50ms).wake(thread_);
  trace_.at(50'010us).switch_to(thread_);
  at(50'020us, CoroutineWhat::kSuspended, 1);
  at(50'030us, CoroutineWhat::kResumed, 1).at(50'040us, CoroutineWhat::kSuspended, 1);
  trace_.at(50'100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(50'100us);
  const Coroutine& only = row(summary, 1);
  EXPECT_EQ(only.times.mounted_ns, 50'020'000u);
  EXPECT_EQ(only.times.unknown_ns, 50'010'000u);
  EXPECT_EQ(only.times.on_cpu_ns, 10'000u);
  EXPECT_EQ(only.times.blocked_ns, 0u);
  EXPECT_TRUE(summary.coroutines.blocked.empty());
  ASSERT_EQ(summary.coroutines.loops.size(), 1u);
  EXPECT_EQ(summary.coroutines.loops[0].longest_step_ns, 10'000u);
  EXPECT_EQ(summary.coroutines.loops[0].coroutine_ns, 10'000u);
  EXPECT_EQ(summary.coroutines.loops[0].unknown_ns, 50'010'000u);
  EXPECT_EQ(summary.coroutines.loops[0].switches, 2u);
  EXPECT_EQ(summary.coroutines.ends_unseen, 1u);
  EXPECT_EQ(task_of(summary, thread_).coroutine_switches, 2u);
}

TEST_F(CoroutineTest, OneThatNobodySeesDestroyedEndsWhereItFinished) {
  for (const std::uint64_t id : {1, 2}) {
    at(10us, CoroutineWhat::kCreated, id).at(20us, CoroutineWhat::kResumed, id);
    at(30us, CoroutineWhat::kFinished, id);
  }
  at(10us, CoroutineWhat::kCreated, 3).at(20us, CoroutineWhat::kResumed, 3);
  at(30us, CoroutineWhat::kSuspended, 3);
  at(50us, CoroutineWhat::kCreated, 1).at(50us, CoroutineWhat::kCreated, 3);
  at(60us, CoroutineWhat::kDestroyed, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  std::vector<std::pair<std::optional<model::TimeNs>, bool>> of_one, of_three;
  for (const Coroutine& each : summary.coroutines.rows) {
    if (each.address == 1) of_one.emplace_back(each.ended_ns, each.destroyed);
    if (each.address == 3) of_three.emplace_back(each.ended_ns, each.destroyed);
  }
  EXPECT_EQ(of_one, (decltype(of_one){{30'000, false}, {60'000, true}}));
  EXPECT_EQ(of_three, (decltype(of_three){{50'000, false}, {std::nullopt, false}}));
  EXPECT_EQ(row(summary, 2).ended_ns, 30'000u);
  EXPECT_FALSE(row(summary, 2).destroyed);
}

TEST_F(CoroutineTest, ACreationThatProbesDoNotSeeIsNotCounted) {
  model::Coroutine resumed = coroutine(CoroutineWhat::kResumed, 1);
  resumed.source = model::CoroutineSource::kUprobe;
  trace_.at(10us).emit(thread_, resumed);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  EXPECT_TRUE(analyze(100us).coroutines.functions[0].creations_unseen);
}

TEST_F(CoroutineTest, ProbesThatCostTooMuchEndTheRecordingOfThem) {
  at(10us, CoroutineWhat::kResumed, 1).at(20us, CoroutineWhat::kSuspended, 1);
  trace_.at(30us).emit(
      thread_, model::CoroutineLost{
                   .first_ns = 30'000, .last_ns = 30'000, .reason = model::CoroutineLoss::kBudget});
  const Summary summary = analyze(100us);
  EXPECT_EQ(summary.coroutines.budget_ended_ns, 30'000u);
  EXPECT_EQ(summary.coroutines.lost, 0u);
}

TEST_F(CoroutineTest, AnAddressThatIsUsedAgainIsAnotherCoroutine) {
  at(10us, CoroutineWhat::kCreated, 1).at(11us, CoroutineWhat::kResumed, 1);
  at(15us, CoroutineWhat::kFinished, 1).at(16us, CoroutineWhat::kDestroyed, 1);
  at(20us, CoroutineWhat::kCreated, 1).at(21us, CoroutineWhat::kResumed, 1);
  at(30us, CoroutineWhat::kSuspended, 1);
  at(40us, CoroutineWhat::kCreated, 1);  // the end of the second one is missing
  const Summary summary = analyze(50us);
  EXPECT_EQ(summary.coroutines.count, 3u);
  EXPECT_EQ(summary.coroutines.rows.size(), 3u);
  ASSERT_EQ(summary.coroutines.functions.size(), 1u);
  EXPECT_EQ(summary.coroutines.functions[0].counts.created, 3u);
}

TEST_F(CoroutineTest, AMissingSwitchMakesTheTimeUnknown) {
  at(10us, CoroutineWhat::kResumed, 1).at(20us, CoroutineWhat::kSuspended, 1);
  trace_.at(30us).block_to(model::kIdleTask, kRead);
  trace_.at(35us).wake(thread_).at(40us).switch_to(thread_);
  at(50us, CoroutineWhat::kResumed, 1);
  trace_.at(60us).block_to(model::kIdleTask, kRead);
  trace_.at(65us).wake(thread_).at(70us).switch_to(thread_);
  at(80us, CoroutineWhat::kSuspended, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary whole = analyze(100us);
  EXPECT_EQ(row(whole, 1).times.unknown_ns, 0u);
  std::vector<model::Event> events = trace_.events();
  const auto is_switch = [](const model::Event& event) {
    return std::holds_alternative<model::Switch>(event.payload);
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (!is_switch(events[i])) continue;
    std::vector<model::Event> less = events;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    AnalysisInput input;
    input.ending = ending_at(100us);
    const Summary summary = analyze_events(less, input);
    const analyze::CoroutineTimes& found = row(summary, 1).times;
    const analyze::CoroutineTimes& expected = row(whole, 1).times;
    EXPECT_EQ(found.mounted_ns, expected.mounted_ns);
    EXPECT_LE(found.on_cpu_ns, expected.on_cpu_ns) << "without event " << i;
    EXPECT_LE(found.blocked_ns, expected.blocked_ns) << "without event " << i;
    EXPECT_LE(found.runnable_ns, expected.runnable_ns) << "without event " << i;
    EXPECT_EQ(found.on_cpu_ns + found.blocked_ns + found.runnable_ns + found.unknown_ns,
              found.mounted_ns);
  }
}

TEST_F(CoroutineTest, ABlockedLoopKnowsItsCulpritAndWhomItDelayed) {
  at(10us, CoroutineWhat::kCreated, 1).at(11us, CoroutineWhat::kCreated, 2);
  at(12us, CoroutineWhat::kCreated, 3).at(20us, CoroutineWhat::kResumed, 1);
  trace_.at(30us).block_to(model::kIdleTask, kRead);
  trace_.at(200ms).wake(thread_);
  trace_.at(200ms + 5us).switch_to(thread_);
  at(201ms, CoroutineWhat::kSuspended, 1).at(202ms, CoroutineWhat::kResumed, 2);
  at(203ms, CoroutineWhat::kSuspended, 2);
  at(203ms + 10us, CoroutineWhat::kResumed, 1);
  at(203ms + 20us, CoroutineWhat::kSuspended, 1);
  // Idle: whoever comes later was not delayed by that, and this wait is nobody's fault.
  trace_.at(204ms).block_to(model::kIdleTask, kRead);
  trace_.at(304ms).wake(thread_).at(305ms).switch_to(thread_);
  at(306ms, CoroutineWhat::kResumed, 3);
  at(331ms, CoroutineWhat::kSuspended, 3);
  trace_.at(340ms).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(340ms);
  ASSERT_EQ(summary.coroutines.blocked.size(), 2u);
  const BlockedLoop& slept = summary.coroutines.blocked[0];
  EXPECT_EQ(slept.coroutine, row(summary, 1).number);
  EXPECT_EQ(slept.how, BlockedHow::kBlocked);
  EXPECT_EQ(slept.syscall, "read");
  EXPECT_EQ(slept.begin_ns, 30'000u);
  EXPECT_EQ(slept.duration_ns, 199'975'000u);
  EXPECT_EQ(slept.delayed, 1u);
  const BlockedLoop& computed = summary.coroutines.blocked[1];
  EXPECT_EQ(computed.coroutine, row(summary, 3).number);
  EXPECT_EQ(computed.how, BlockedHow::kComputing);
  EXPECT_EQ(computed.duration_ns, 25'000'000u);
  EXPECT_EQ(summary.coroutines.loops[0].iterations, 1u);
}

TEST_F(CoroutineTest, ComputingIsTimeOnACpu) {
  at(10us, CoroutineWhat::kResumed, 1);
  const TaskId other = trace_.at(11us).stranger("other", 500);
  trace_.at(8ms).switch_to(other).at(20ms).switch_to(thread_);
  at(27ms, CoroutineWhat::kSuspended, 1);
  trace_.at(28ms).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(28ms);
  ASSERT_EQ(summary.coroutines.blocked.size(), 2u);
  std::vector<BlockedLoop> blocked = summary.coroutines.blocked;
  std::sort(blocked.begin(), blocked.end(),
            [](const BlockedLoop& a, const BlockedLoop& b) { return a.begin_ns < b.begin_ns; });
  EXPECT_EQ(blocked[0].how, BlockedHow::kComputing);
  EXPECT_EQ(blocked[0].duration_ns, 14'990'000u);
  EXPECT_EQ(blocked[1].how, BlockedHow::kRunnable);
  EXPECT_EQ(blocked[1].duration_ns, 12'000'000u);
}

TEST_F(CoroutineTest, WhatACoroutineAwaitsItselfIsPartOfItsWait) {
  const auto inside = [this](TraceBuilder::Ns time, std::uint32_t function, std::uint32_t depth) {
    trace_.at(time).emit(
        thread_,
        model::CoroutineInside{
            .id = 1, .space = model::CoroutineSpace{1}, .function = function, .depth = depth});
  };
  at(10us, CoroutineWhat::kResumed, 1);
  inside(20us, 7, 1);
  inside(20us, 8, 2);
  inside(20us, 9, 4);  // the one between is lost: it stands for nothing
  at(20us, CoroutineWhat::kSuspended, 1);
  inside(25us, 9, 1);  // it is not mounted
  at(30us, CoroutineWhat::kResumed, 1);
  at(40us, CoroutineWhat::kSuspended, 1);
  at(50us, CoroutineWhat::kResumed, 1);
  at(55us, CoroutineWhat::kFinished, 1);
  trace_.at(60us).exit(0).end_to(model::kIdleTask);
  std::vector<std::vector<std::uint32_t>> waits;
  analyze::Analysis analysis({}, {}, analyze::kDefaultSlowStepNs, {},
                             [&waits](const analyze::CoroutineChange& change) {
                               const auto* wait = std::get_if<analyze::CoroutineWait>(&change);
                               if (wait == nullptr) return;
                               waits.emplace_back();
                               for (const auto* each : wait->inside) {
                                 waits.back().push_back(each->number);
                               }
                             });
  for (const model::Event& event : trace_.events()) analysis.push(event);
  ASSERT_TRUE(analysis.finish(ending_at(60us), {}, 0));
  // Each suspension is told anew.
  EXPECT_EQ(waits, (std::vector<std::vector<std::uint32_t>>{{7, 8}, {}}));
}

TEST_F(CoroutineTest, WhatAThreadWaitsForIsTold) {
  const auto wait = [this](TraceBuilder::Ns time, std::uint32_t function, bool gil) {
    trace_.at(time).emit(
        thread_,
        model::CoroutineWait{.space = model::CoroutineSpace{1}, .function = function, .gil = gil});
  };
  model::CoroutineFunction called{.function = 7, .line = 12};
  called.name.assign("helper");
  model::CoroutineFile file{.function = 7};
  file.name.assign("/srv/app.py");
  trace_.at(5us).emit(model::kNoTask, called);
  trace_.at(5us).emit(model::kNoTask, file);
  at(10us, CoroutineWhat::kResumed, 1);
  wait(19us, 7, false);  // before the switch
  trace_.at(20us).block_to(model::kIdleTask, kRead);
  trace_.at(30ms).wake(thread_).at(31ms).switch_to(thread_);
  trace_.at(40ms).block_to(model::kIdleTask, kRead);
  wait(40ms + 1us, 7, true);  // or after it
  trace_.at(60ms).wake(thread_).at(60ms).switch_to(thread_);
  trace_.at(65ms).block_to(model::kIdleTask, kRead);  // and of this one nothing is told
  trace_.at(90ms).wake(thread_).at(90ms).switch_to(thread_);
  at(91ms, CoroutineWhat::kSuspended, 1);
  trace_.at(100ms).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100ms);
  std::vector<BlockedLoop> blocked = summary.coroutines.blocked;
  std::sort(blocked.begin(), blocked.end(),
            [](const BlockedLoop& a, const BlockedLoop& b) { return a.begin_ns < b.begin_ns; });
  ASSERT_EQ(blocked.size(), 3u);
  EXPECT_EQ(blocked[0].how, BlockedHow::kBlocked);
  EXPECT_EQ(blocked[0].innermost, 7u);
  EXPECT_EQ(blocked[1].how, BlockedHow::kGil);
  EXPECT_EQ(blocked[1].innermost, 7u);
  EXPECT_EQ(blocked[2].how, BlockedHow::kBlocked);
  EXPECT_EQ(blocked[2].innermost, 0u);
  EXPECT_EQ(row(summary, 1).times.gil_ns, 20'000'000u);
  EXPECT_EQ(row(summary, 1).times.blocked_ns, 25'000'000u + 20'000'000u + 29'980'000u);
  const auto helper =
      std::find_if(summary.coroutines.functions.begin(), summary.coroutines.functions.end(),
                   [](const analyze::CoroutineFunction& each) { return each.number == 7; });
  ASSERT_NE(helper, summary.coroutines.functions.end());
  EXPECT_TRUE(helper->is_callee);
  EXPECT_EQ(helper->file, "/srv/app.py");
}

TEST_F(CoroutineTest, OfHitsOfAFunctionNoTimeIsKnown) {
  const auto hit = [this](TraceBuilder::Ns time, std::uint64_t id) {
    model::Coroutine event = coroutine(CoroutineWhat::kResumed, id);
    event.runtime = model::CoroutineRuntime::kFunction;
    event.generation_unknown = true;
    trace_.at(time).emit(thread_, event);
  };
  hit(10us, 1);
  hit(20us, 2);
  trace_.at(30us).block_to(model::kIdleTask, kRead);
  trace_.at(70us).wake(thread_);
  trace_.at(75us).switch_to(thread_);
  hit(80us, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  EXPECT_EQ(summary.coroutines.switches, 3u);
  EXPECT_TRUE(summary.coroutines.blocked.empty());
  for (const std::uint64_t id : {1, 2}) {
    const Coroutine& each = row(summary, id);
    EXPECT_EQ(each.resumes, id == 1 ? 2u : 1u);
    EXPECT_EQ(each.times.mounted_ns, 0u);
    EXPECT_EQ(each.times.unknown_ns, 0u);
    EXPECT_EQ(each.times.suspended_ns, 0u);
    EXPECT_FALSE(each.generation_known);
    EXPECT_EQ(each.threads, std::vector{thread_});
  }
}

TEST_F(CoroutineTest, OneThatIsMetWhenItIsResumedMayBeAwaitedBefore) {
  const auto first_seen = [this](TraceBuilder::Ns time, std::uint64_t id) {
    model::Coroutine event = coroutine(CoroutineWhat::kCreated, id);
    event.first_seen = true;
    trace_.at(time).emit(thread_, event);
    at(time, CoroutineWhat::kResumed, id);
  };
  const auto awaits = [this](TraceBuilder::Ns time, std::uint64_t id, std::uint64_t other) {
    model::Coroutine event = coroutine(CoroutineWhat::kAwaits, id);
    event.other = other;
    trace_.at(time).emit(thread_, event);
  };
  first_seen(10us, 1);
  at(11us, CoroutineWhat::kFinished, 1);
  first_seen(12us, 2);
  at(13us, CoroutineWhat::kSuspended, 2);
  awaits(13us, 2, 1);  // not the one that has ended, but another in its place
  first_seen(20us, 1);
  at(21us, CoroutineWhat::kFinished, 1);
  trace_.at(100us).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100us);
  ASSERT_EQ(summary.coroutines.rows.size(), 3u);
  for (const Coroutine& each : summary.coroutines.rows) {
    EXPECT_TRUE(each.first_seen);
    EXPECT_EQ(each.creator_task, TaskId{}) << "who created it is not known";
    EXPECT_EQ(each.awaited_by, each.number == 3 ? 2u : 0u) << each.number;
  }
}

TEST_F(CoroutineTest, OneThatIsNamedLateTakesAlongWhatItWas) {
  const auto unnamed = [this](TraceBuilder::Ns time, CoroutineWhat what, std::uint64_t id) {
    model::Coroutine event = coroutine(what, id);
    event.function = 0;
    trace_.at(time).emit(thread_, event);
  };
  unnamed(10us, CoroutineWhat::kCreated, 1);
  unnamed(20us, CoroutineWhat::kResumed, 1);
  trace_.at(20us).block_to(model::kIdleTask, kRead);
  trace_.at(30ms).wake(thread_).at(30ms).switch_to(thread_);
  at(31ms, CoroutineWhat::kSuspended, 1);  // now it has a name
  unnamed(40ms, CoroutineWhat::kResumed, 1);
  unnamed(41ms, CoroutineWhat::kFinished, 1);
  unnamed(50ms, CoroutineWhat::kCreated, 2);
  unnamed(51ms, CoroutineWhat::kResumed, 2);
  unnamed(53ms, CoroutineWhat::kFinished, 2);  // and this one never has
  trace_.at(100ms).exit(0).end_to(model::kIdleTask);
  const Summary summary = analyze(100ms);
  ASSERT_EQ(summary.coroutines.functions.size(), 2u);
  // The longest mounted one comes first.
  const analyze::CoroutineFunction& named = summary.coroutines.functions[0];
  const analyze::CoroutineFunction& nobody = summary.coroutines.functions[1];
  ASSERT_EQ(named.number, kFunction);
  ASSERT_EQ(nobody.number, 0u);
  EXPECT_EQ(nobody.counts, (analyze::CoroutineCounts{1, 1, 0, 1, 0}));
  EXPECT_EQ(nobody.times.mounted_ns, 2'000'000u);
  EXPECT_EQ(nobody.times.suspended_ns, 1'000'000u);
  EXPECT_EQ(named.counts, (analyze::CoroutineCounts{1, 2, 1, 1, 0}));
  EXPECT_EQ(named.times.mounted_ns, 30'980'000u + 1'000'000u);
  EXPECT_EQ(named.times.blocked_ns, 29'980'000u);
  EXPECT_EQ(named.times.suspended_ns, 10'000u + 9'000'000u);
  ASSERT_EQ(summary.coroutines.blocked.size(), 1u);
  EXPECT_EQ(summary.coroutines.blocked[0].function, kFunction);
}

TEST_F(CoroutineTest, ItMovesBetweenThreads) {
  const TaskId other = trace_.at(5us).thread(101);
  trace_.at(6us).wake_new(other).at(7us).cpu(1).switch_to(other).cpu(0);
  at(10us, CoroutineWhat::kCreated, 1).at(20us, CoroutineWhat::kResumed, 1);
  at(30us, CoroutineWhat::kSuspended, 1);
  trace_.at(40us).emit(other, coroutine(CoroutineWhat::kResumed, 1));
  trace_.at(50us).emit(other, coroutine(CoroutineWhat::kSuspended, 1));
  const Summary summary = analyze(60us);
  const Coroutine& only = row(summary, 1);
  EXPECT_EQ(only.migrations, 1u);
  EXPECT_EQ(only.threads, (std::vector<TaskId>{thread_, other}));
  EXPECT_EQ(only.times.mounted_ns, 20'000u);
}

TEST_F(CoroutineTest, TheProgramsOwnAccountStandsBesideTheEvents) {
  model::CoroutineFunction function{.function = kFunction, .line = 7};
  function.name.assign("serve");
  trace_.at(10us).emit(model::kNoTask, function);
  at(20us, CoroutineWhat::kResumed, 1).at(30us, CoroutineWhat::kSuspended, 1);
  trace_.at(40us).emit(model::kNoTask, model::CoroutineLost{.count = 5});
  trace_.emit(model::kNoTask,
              model::CoroutineTotals{.resumed = 4, .suspended = 3, .function = kFunction});
  const Summary summary = analyze(50us);
  ASSERT_EQ(summary.coroutines.functions.size(), 1u);
  const analyze::CoroutineFunction& found = summary.coroutines.functions[0];
  EXPECT_EQ(found.name, "serve");
  EXPECT_EQ(found.counts.resumed, 1u);
  ASSERT_TRUE(found.own_counts.has_value());
  EXPECT_EQ(found.own_counts->resumed, 4u);
  EXPECT_EQ(summary.quality[model::Quality::lost_coroutine_events], 5u);
}

TEST_F(CoroutineTest, TheAwaitingOneIsKnown) {
  at(10us, CoroutineWhat::kResumed, 1).at(11us, CoroutineWhat::kCreated, 2);
  at(12us, CoroutineWhat::kSuspended, 1);
  model::Coroutine awaits = coroutine(CoroutineWhat::kAwaits, 1);
  awaits.other = 2;
  trace_.emit(thread_, awaits);
  const Summary summary = analyze(20us);
  EXPECT_EQ(row(summary, 2).awaited_by, row(summary, 1).number);
  EXPECT_EQ(row(summary, 2).creator, row(summary, 1).number);
}

}  // namespace
}  // namespace triptych::test
