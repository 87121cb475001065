// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/sample_events.hpp"
#include "trace/json_lines.hpp"
#include "trace/metadata_json.hpp"
#include "trace/text_writer.hpp"
#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

using model::TaskId;

Contents read_text(const std::string& text) {
  return read_all(test::MemoryFile(std::string_view(text)));
}

Contents read_lines(const std::string& lines) {
  return read_text("# triptych text trace 1\n" + lines);
}

std::string text_of(const model::Event& event) {
  std::string line;
  append_text(line, event);
  return line;
}

// The message of the error that `lines`, from the second line on, end in.
std::string problem_of(const std::string& lines) {
  const Contents contents = read_lines(lines);
  return contents.error ? contents.error->message : "none";
}

TEST(TextTest, DumpReadDumpIsTheSame) {
  model::Ending ending = sample_ending();
  ending.counters.lost[2] = 5;
  model::DataQuality quality;
  quality.set(model::Quality::lost_task_records, 5);
  quality.set(model::Quality::damaged_chunks, 1);
  std::string first;
  append_text_header(first);
  append_text(first, sample_metadata());
  append_text(first, ending);
  for (const model::Event& event : test::sample_events()) append_text(first, event);
  append_text(first, quality);

  const Contents contents = read_text(first);
  ASSERT_EQ(contents.error, std::nullopt) << contents.error->message;
  EXPECT_EQ(contents.events, test::sample_events());
  EXPECT_EQ(contents.quality, quality);
  EXPECT_EQ(contents.stored_bytes, 0u);

  std::string second;
  append_text_header(second);
  append_text(second, contents.metadata);
  ASSERT_TRUE(contents.ending);
  append_text(second, *contents.ending);
  for (const model::Event& event : contents.events) append_text(second, event);
  append_text(second, contents.quality);
  EXPECT_EQ(second, first);
}

TEST(TextTest, WritesWhatTheDocumentationShows) {
  model::TaskSeen seen{.tid = 100,
                       .tgid = 100,
                       .ns_tid = 7,
                       .parent_tid = 99,
                       .mm = model::MmId{1},
                       .how = model::SeenHow::kLaunched};
  seen.comm.assign("sh");
  EXPECT_EQ(text_of({.ts_ns = 1'000'000, .task = TaskId{2}, .cpu = 0, .payload = seen}),
            "1000000 cpu=0 task=2 task_seen how=launched tid=100 tgid=100 ns_tid=7 parent_tid=99 "
            "mm=1 comm=sh\n");
  EXPECT_EQ(text_of({.ts_ns = 1'002'000,
                     .task = TaskId{2},
                     .payload = model::Switch{.next = model::kIdleTask,
                                              .prev_state = 1,
                                              .syscall = 0,
                                              .prev_seq = 3,
                                              .voluntary = true,
                                              .prev_target = true}}),
            "1002000 cpu=0 task=2 switch next=1 state=1 syscall=0 prev_seq=3 voluntary "
            "prev_target\n");
  EXPECT_EQ(
      text_of({.ts_ns = 1'500'000,
               .task = TaskId{2},
               .cpu = 1,
               .payload =
                   model::Wakeup{.waker = TaskId{3}, .request_delay_ns = 420, .interrupt = true}}),
      "1500000 cpu=1 task=2 wakeup waker=3 delay_ns=420 interrupt\n");
  model::TaskExec exec{.mm = model::MmId{2}, .old_tid = 100, .tid = 100};
  exec.comm.assign("a b");
  exec.filename.assign("/bin/\"x\"\\\n\t\x1b");
  std::string("sh\0-c\0", 6).copy(exec.args.data(), 6);
  exec.args_size = 6;
  EXPECT_EQ(text_of({.ts_ns = 1, .task = TaskId{2}, .payload = exec}),
            "1 cpu=0 task=2 task_exec mm=2 old_tid=100 tid=100 comm=\"a b\" "
            "filename=\"/bin/\\\"x\\\"\\\\\\n\\t\\x1b\" args=\"sh\\x00-c\\x00\"\n");
  model::TaskSummary summary;
  summary.faults[1] = 5;
  summary.slice_length[0] = 1;
  EXPECT_EQ(text_of({.ts_ns = 1, .task = TaskId{2}, .payload = summary}),
            "1 cpu=0 task=2 task_summary faults=0,5 slice_length=1\n");
}

TEST(TextTest, FieldsMayComeInAnyOrderAndMissing) {
  const Contents contents = read_lines(
      "# any comment\n"
      "\n"
      "5 cpu=1 task=2 switch voluntary next=0x10   state=1\n"
      "5 cpu=1 task=3 switch\n"
      "6 cpu=0 task=2 task_seen\r\n"
      "7 cpu=0 task=2 fault address=0x7f00 vm_flags=73 mapping=anon");
  ASSERT_EQ(contents.error, std::nullopt) << contents.error->message;
  ASSERT_EQ(contents.events.size(), 4u);
  EXPECT_EQ(
      contents.events[0].payload,
      (model::Payload{model::Switch{.next = TaskId{16}, .prev_state = 1, .voluntary = true}}));
  EXPECT_EQ(contents.events[1].payload,
            (model::Payload{model::Switch{.syscall = model::kNoSyscall}}));
  EXPECT_EQ(std::get<model::TaskSeen>(contents.events[2].payload).how, model::SeenHow::kStranger);
  EXPECT_EQ(contents.events[3].payload,
            (model::Payload{model::Fault{
                .address = 0x7f00, .vm_flags = 73, .mapping = model::Mapping::kAnon}}));
  EXPECT_EQ(nonzero(contents.quality), "");
  EXPECT_FALSE(contents.ending);
}

TEST(TextTest, TheEndingMayStandAnywhere) {
  const std::string ending = "# ending {\"end_ns\":77,\"counters\":{\"lost\":{\"fault\":3}}}\n";
  const std::string lost = "5 cpu=0 task=0 lost first_ns=1 last_ns=4 faults=2 switches=1\n";
  for (const std::string& lines : {ending + lost, lost + ending}) {
    const Contents contents = read_lines(lines);
    ASSERT_TRUE(contents.ending);
    EXPECT_EQ(contents.ending->end_ns, 77u);
    EXPECT_EQ(nonzero(contents.quality), "lost_faults=3");
  }
  EXPECT_EQ(nonzero(read_lines(lost).quality), "lost_switches=1 lost_faults=2");
  // What a damaged file lacks is no account of the recorder's.
  const std::string damaged =
      "5 cpu=0 task=0 lost first_ns=1 last_ns=4 faults=2 unknown_kind=7 damaged\n";
  EXPECT_EQ(nonzero(read_lines(damaged).quality), "missing_records=9");
  EXPECT_EQ(nonzero(read_lines(ending + damaged).quality), "lost_faults=3 missing_records=9");
}

TEST(TextTest, ErrorsNameTheLine) {
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next=1\nx cpu=0 task=2 switch"),
            "test.tpt, line 3: a time in ns is expected at the beginning of the line");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_free\n\n4 cpu=0 task=2 task_free\n"),
            "test.tpt, line 4: time goes backwards, from 5 to 4");
  EXPECT_EQ(problem_of("-5 cpu=0 task=2 task_free"),
            "test.tpt, line 2: a time in ns is expected at the beginning of the line");
  EXPECT_EQ(problem_of("5 task=2 task_free"), "test.tpt, line 2: cpu=N is expected here");
  EXPECT_EQ(problem_of("5 cpu=65536 task=2 task_free"), "test.tpt, line 2: cpu=N is expected here");
  EXPECT_EQ(problem_of("5 cpu=0 task=x task_free"), "test.tpt, line 2: task=N is expected here");
  EXPECT_EQ(problem_of("5 cpu=0 task=2"), "test.tpt, line 2: the kind of event is missing");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 swich"),
            "test.tpt, line 2: there is no kind of event 'swich'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch nxt=1"),
            "test.tpt, line 2: switch has no field 'nxt'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next=1 next=2"),
            "test.tpt, line 2: next is there twice");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next=-1"), "test.tpt, line 2: next cannot be '-1'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch state=65536"),
            "test.tpt, line 2: state cannot be '65536'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next=1x"), "test.tpt, line 2: next cannot be '1x'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next="), "test.tpt, line 2: next cannot be ''");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch next"), "test.tpt, line 2: next needs a value");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch voluntary=1"),
            "test.tpt, line 2: voluntary does not take a value");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_seen how=never"),
            "test.tpt, line 2: how cannot be 'never'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_seen how="), "test.tpt, line 2: how cannot be ''");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_rename comm=seventeen.letters"),
            "test.tpt, line 2: comm is longer than 16 bytes");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_rename comm=\"a\\x00b\""),
            "test.tpt, line 2: comm contains a NUL");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_rename comm=\"a"),
            "test.tpt, line 2: the quotes of comm are not closed");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_rename comm=\"a\"b"),
            "test.tpt, line 2: something follows the quotes of comm");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_rename comm=\"a\\q\""),
            "test.tpt, line 2: comm cannot be '\"a\\\\q\"'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_summary faults=1,2,3,4,5,6,7,8,9"),
            "test.tpt, line 2: faults cannot be '1,2,3,4,5,6,7,8,9'");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_summary faults=1,,3"),
            "test.tpt, line 2: faults cannot be '1,,3'");
  EXPECT_EQ(problem_of("# metadata [1]\n"), "test.tpt, line 2: this is not a JSON object");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 task_free\n# metadata {}\n"),
            "test.tpt, line 3: the metadata must come before the first event");
  EXPECT_EQ(problem_of("5 cpu=0 task=2 switch " + std::string(3 << 20, 'x')),
            "test.tpt, line 2: the line is too long");
}

TEST(TextTest, EventsBeforeAnErrorAreDelivered) {
  const Contents contents = read_lines("5 cpu=0 task=2 task_free\n6 cpu=0 task=2 task_free\n7\n");
  EXPECT_EQ(contents.events.size(), 2u);
  ASSERT_TRUE(contents.error);
  EXPECT_EQ(contents.error->code, ErrorCode::kUsage);
}

TEST(TextTest, OtherVersionsAndOtherTextsAreRefused) {
  const Contents later = read_text("# triptych text trace 2\n");
  ASSERT_TRUE(later.error);
  EXPECT_EQ(later.error->message,
            "test.tpt, line 1: version 2 of the text form; this triptych reads version 1");
  const Contents other = read_text("# some other text\n");
  ASSERT_TRUE(other.error);
  EXPECT_EQ(other.error->message, "test.tpt is not a triptych trace");
}

TEST(TextTest, ReadsAPipe) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  UniqueFd in(fds[0]);
  UniqueFd out(fds[1]);
  const std::string text = "# triptych text trace 1\n5 cpu=0 task=2 task_free\n";
  ASSERT_EQ(::write(out.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  out.reset();
  auto source = open_source_fd(std::move(in), "pipe");
  ASSERT_TRUE(source);
  model::Event event;
  EXPECT_TRUE((*source)->next(event));
  EXPECT_EQ(event.ts_ns, 5u);
  EXPECT_FALSE((*source)->next(event));
  EXPECT_FALSE((*source)->error());
}

TEST(TextTest, LinesMayLieAcrossReads) {
  std::string lines;
  std::vector<model::Event> expected;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    expected.push_back(switch_event(1'000 + i, i));
    append_text(lines, expected.back());
  }
  const Contents contents = read_lines(lines);
  EXPECT_EQ(contents.events, expected);
}

TEST(JsonLinesTest, HaveEveryField) {
  std::string line;
  append_json_line(line, {.ts_ns = 7,
                          .task = TaskId{2},
                          .cpu = 1,
                          .payload = model::Wakeup{.waker = TaskId{3}, .interrupt = true}});
  EXPECT_EQ(line,
            "{\"ts_ns\":7,\"cpu\":1,\"task\":2,\"kind\":\"wakeup\",\"waker\":3,\"delay_ns\":0,"
            "\"target_cpu\":0,\"new\":false,\"interrupt\":true,\"no_request\":false}\n");
}

TEST(JsonLinesTest, EveryKindIsOneObjectOfAscii) {
  for (const model::Event& event : test::sample_events()) {
    std::string line;
    append_json_line(line, event);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line) EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << line;
    const auto json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line;
    EXPECT_EQ(json["ts_ns"], event.ts_ns);
    if (const auto* exec = std::get_if<model::TaskExec>(&event.payload)) {
      EXPECT_EQ(json["args"], (nlohmann::json{"sh", "-c", "echo \x1b[2J \"x\"", ""}));
      EXPECT_EQ(json["filename"], std::string(exec->filename.view()));
      EXPECT_EQ(json["comm"], "a \"b\"\n\\\xef\xbf\xbd");
    }
    if (const auto* fault = std::get_if<model::Fault>(&event.payload)) {
      char address[32];
      std::snprintf(address, sizeof address, "0x%llx",
                    static_cast<unsigned long long>(fault->address));
      EXPECT_EQ(json["address"], address);
      EXPECT_EQ(json["mapping"], "hugetlb");
    }
  }
}

}  // namespace
}  // namespace triptych::trace
