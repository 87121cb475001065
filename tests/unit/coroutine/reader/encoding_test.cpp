// SPDX-License-Identifier: Apache-2.0
//
// Questions and answers come back as they were, and nothing else comes back.
#include "coroutine/reader/encoding.hpp"

#include <asm/ptrace.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>

#include "abi/coroutines.h"
#include "coroutine/reader/discovery_encoding.hpp"

namespace triptych::coroutine::reader {
namespace {

using discover::Discovery;
using probes::Place;

constexpr std::uint64_t kFileSize = 0x1000;

Place place_at(std::uint64_t offset, std::uint32_t function = 0) {
  Place place;
  place.offset = offset;
  place.watchers = 0x20;
  place.site.id.kind = TRIPTYCH_OPERAND_MEMORY;
  place.site.id.bytes = 8;
  place.site.id.value = -16;
  place.site.id.register_offset = sizeof(pt_regs) - 8;
  place.site.address = 0x401000;
  place.site.function = function;
  place.site.kind = TRIPTYCH_CPP_RESUME;
  place.site.source = TRIPTYCH_COROUTINE_UPROBE;
  place.site.runtime = TRIPTYCH_COROUTINE_RUNTIME_CPP;
  return place;
}

triptych_python_layout layout() {
  triptych_python_layout layout{};
  layout.runtime = 0x7000;
  layout.thread_state_how = TRIPTYCH_PYTHON_STATE_FS;
  layout.greenlet_run = 40;
  return layout;
}

Discovery discovery() {
  Discovery found;
  found.functions = {{"session(int)", 0x401000}, {std::string(5000, 'n'), 0x402000}};
  found.places = {place_at(0x10, 1), place_at(0xfff, 2)};
  found.returns = {1, 2, 3};
  found.dear = {place_at(0x30, 2)};
  found.not_understood = 7;
  found.python = layout();
  found.entries = {{"", 0x403000}};
  found.contexts = triptych_context_layout{64, 72, 80, 0};
  found.loop = triptych_context_loop{0x404000, 16, 0, 0};
  found.only_serves = true;
  found.not_known = "built in a way that is not known";
  return found;
}

void expect_same(const Place& one, const Place& other) {
  EXPECT_EQ(one.offset, other.offset);
  EXPECT_EQ(one.watchers, other.watchers);
  EXPECT_EQ(std::memcmp(&one.site, &other.site, sizeof one.site), 0);
}

void expect_same(const std::vector<Place>& ones, const std::vector<Place>& others) {
  ASSERT_EQ(ones.size(), others.size());
  for (std::size_t i = 0; i < ones.size(); ++i) expect_same(ones[i], others[i]);
}

void expect_discovery(const Discovery& found) {
  const Discovery expected = discovery();
  ASSERT_EQ(found.functions.size(), 2u);
  EXPECT_EQ(found.functions[0].name, "session(int)");
  EXPECT_EQ(found.functions[1].name, std::string(kMostName, 'n')) << "longer than anybody reads";
  EXPECT_EQ(found.functions[1].address, 0x402000u);
  expect_same(found.places, expected.places);
  expect_same(found.dear, expected.dear);
  EXPECT_EQ(found.returns, expected.returns);
  EXPECT_EQ(found.not_understood, 7u);
  ASSERT_TRUE(found.python && found.contexts && found.loop);
  EXPECT_EQ(std::memcmp(&*found.python, &*expected.python, sizeof *found.python), 0);
  ASSERT_EQ(found.entries.size(), 1u);
  EXPECT_EQ(found.entries[0].address, 0x403000u);
  EXPECT_EQ(found.contexts->ontop, 72);
  EXPECT_EQ(found.loop->size, 16u);
  EXPECT_TRUE(found.only_serves);
  EXPECT_FALSE(found.lower_bounds);
  EXPECT_EQ(found.not_known, expected.not_known);
}

Examined examined() {
  Examined answer;
  answer.is_program = true;
  answer.runtimes = {{RuntimeId::kTokio, discovery()}, {RuntimeId::kCpp, {}}};
  answer.markers = std::vector<Place>{place_at(1), place_at(2)};
  answer.function = discovery();
  answer.needs = {{"libc.so.6", "libm.so.6"}, ":$ORIGIN/../lib"};
  answer.traits = {true, false, true, 5, 1 << 20};
  return answer;
}

TEST(Encoding, AnExaminationComesBackAsItWas) {
  const auto answer = decode_examined(encode(examined()), kFileSize);
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->is_program);
  ASSERT_EQ(answer->runtimes.size(), 2u);
  EXPECT_EQ(answer->runtimes[0].runtime, RuntimeId::kTokio);
  expect_discovery(answer->runtimes[0].found);
  EXPECT_EQ(answer->runtimes[1].runtime, RuntimeId::kCpp);
  EXPECT_TRUE(answer->runtimes[1].found.places.empty());
  ASSERT_TRUE(answer->markers && *answer->markers && answer->function);
  expect_same(**answer->markers, **examined().markers);
  expect_discovery(*answer->function);
  EXPECT_EQ(answer->needs.names, examined().needs.names);
  EXPECT_EQ(answer->needs.folders, ":$ORIGIN/../lib");
  EXPECT_TRUE(answer->traits.links_recorder);
  EXPECT_FALSE(answer->traits.has_symbols);
  EXPECT_TRUE(answer->traits.allocates_in_cpp);
  EXPECT_EQ(answer->traits.own_markers, 5u);
  EXPECT_EQ(answer->traits.exported_name_bytes, 1u << 20);
}

TEST(Encoding, MarkersThatMustNotBeProbedComeBackAsTheirError) {
  Examined refused;
  refused.markers = fail("its instruction is no nop", "<triptych/usdt.h>", ErrorCode::kUsage);
  const auto answer = decode_examined(encode(refused), kFileSize);
  ASSERT_TRUE(answer && answer->markers && !*answer->markers);
  EXPECT_EQ(answer->markers->error().message, "its instruction is no nop");
  EXPECT_EQ(answer->markers->error().hint, "<triptych/usdt.h>");
  EXPECT_EQ(answer->markers->error().code, ErrorCode::kUsage);
}

TEST(Encoding, WhatIsOfPythonComesBackAsItWas) {
  PythonPart part{true, discover::Interpreter{3, 11, layout()}, true, {"libpython3.11.so.1.0"}};
  auto answer = decode_python_part(encode(part));
  ASSERT_TRUE(answer && answer->interpreter && *answer->interpreter);
  EXPECT_TRUE(answer->is_program && answer->exports);
  EXPECT_EQ((*answer->interpreter)->major, 3);
  EXPECT_EQ((*answer->interpreter)->minor, 11);
  EXPECT_EQ((*answer->interpreter)->layout.greenlet_run, 40);
  EXPECT_EQ(answer->needed, part.needed);
  part.interpreter = std::optional<discover::Interpreter>();
  answer = decode_python_part(encode(part));
  EXPECT_TRUE(answer && answer->interpreter && !*answer->interpreter);
  part.interpreter = fail("not known");
  answer = decode_python_part(encode(part));
  ASSERT_TRUE(answer && !answer->interpreter);
  EXPECT_EQ(answer->interpreter.error().message, "not known");
}

TEST(Encoding, ADiscoveryOrItsErrorComesBack) {
  const auto found = decode_discovery(encode(Result<Discovery>(discovery())), kFileSize);
  ASSERT_TRUE(found && *found);
  expect_discovery(**found);
  const auto none = decode_discovery(encode(Result<Discovery>(fail("why not"))), kFileSize);
  ASSERT_TRUE(none && !*none);
  EXPECT_EQ(none->error().message, "why not");
}

TEST(Encoding, WhatIsSaidIsHarmlessOnATerminal) {
  Discovery said = discovery();
  said.not_known = "it is \x1b[2J \\x1b, as they say";
  const auto found = decode_discovery(encode(Result<Discovery>(said)), kFileSize);
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->not_known, "it is \\x1b[2J \\x1b, as they say");
  const auto none = decode_discovery(encode(Result<Discovery>(fail("a\nb", "\a"))), kFileSize);
  ASSERT_TRUE(none && !*none);
  EXPECT_EQ(none->error().message, "a\\nb");
  EXPECT_EQ(none->error().hint, "\\x07");
}

TEST(Encoding, ALandingComesBackAsItWas) {
  auto landing = decode_landing(encode(Landing{0x401234, place_at(0x34)}), kFileSize);
  ASSERT_TRUE(landing && landing->address && landing->place);
  EXPECT_EQ(*landing->address, 0x401234u);
  expect_same(*landing->place, place_at(0x34));
  landing = decode_landing(encode(Landing{}), kFileSize);
  EXPECT_TRUE(landing && !landing->address && !landing->place);
}

TEST(Encoding, QuestionsComeAsTheyWereAsked) {
  Wanted wanted;
  wanted.runtimes = {RuntimeId::kUcontext, RuntimeId::kBoost};
  wanted.unless_it_links_recorder = true;
  wanted.markers = probes::own_markers();
  wanted.function = "resume";
  wanted.needs = true;
  const Bytes bytes = encode(wanted);
  WireReader reader(bytes);
  EXPECT_EQ(read_question(reader), Question::kExamine);
  const Wanted read = read_wanted(reader);
  EXPECT_TRUE(reader.whole());
  EXPECT_EQ(read.runtimes, wanted.runtimes);
  ASSERT_EQ(read.markers.size(), wanted.markers.size());
  for (std::size_t i = 0; i < read.markers.size(); ++i) {
    EXPECT_EQ(read.markers[i].name, wanted.markers[i].name);
    EXPECT_EQ(read.markers[i].what, wanted.markers[i].what);
    EXPECT_EQ(read.markers[i].second, wanted.markers[i].second);
  }
  EXPECT_EQ(read.function, "resume");
  EXPECT_TRUE(read.unless_it_links_recorder && read.needs && !read.traits);

  const Bytes of_landing =
      encode(LandingQuestion{0xffffffff, RuntimeId::kTokio, true, 0x1234, true});
  WireReader landing_reader(of_landing);
  EXPECT_EQ(read_question(landing_reader), Question::kLanding);
  const LandingQuestion landing = read_landing_question(landing_reader);
  EXPECT_TRUE(landing_reader.whole());
  EXPECT_EQ(landing.file, 0xffffffffu);
  EXPECT_EQ(landing.runtime, RuntimeId::kTokio);
  EXPECT_EQ(landing.at, 0x1234u);
  EXPECT_TRUE(landing.is_offset && landing.may_be_dear);
}

TEST(Encoding, WhatIsCutOrHasMoreIsNoAnswer) {
  const Bytes whole = encode(examined());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(decode_examined(std::span(whole).first(size), kFileSize)) << size;
  }
  Bytes more = whole;
  more.push_back(std::byte{0});
  EXPECT_FALSE(decode_examined(more, kFileSize));
  EXPECT_FALSE(decode_python_part({}));
  EXPECT_FALSE(decode_landing({}, kFileSize));
  EXPECT_FALSE(decode_discovery({}, kFileSize));
}

// An answer that would be taken but for what `spoil` does to its only place.
bool is_taken(const std::function<void(Place&)>& spoil, std::uint64_t file_size = kFileSize) {
  Place place = place_at(0x10);
  spoil(place);
  return decode_landing(encode(Landing{1, place}), file_size).has_value();
}

TEST(Encoding, APlaceIsNotTakenThatWouldMisleadTheKernelSide) {
  EXPECT_TRUE(is_taken([](Place&) {}));
  EXPECT_FALSE(is_taken([](Place& place) { place.offset = kFileSize; }));
  EXPECT_FALSE(is_taken([](Place&) {}, 0x10)) << "behind the end of the file";
  EXPECT_FALSE(is_taken([](Place& place) { place.watchers = kFileSize; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.watchers = 3; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.id.register_offset += 1; }))
      << "what lies behind the registers is the kernel's";
  EXPECT_FALSE(is_taken([](Place& place) { place.site.second.register_offset = 0xffff; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.id.kind = TRIPTYCH_OPERAND_MEMORY + 1; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.id.bytes = 3; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.id.is_signed = 2; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.index_bytes = 16; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.file = 1; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.function = 1; })) << "there is none";
  EXPECT_FALSE(is_taken([](Place& place) { place.site.kind = 200; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.what = TRIPTYCH_COROUTINE_AWAITS + 1; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.source = TRIPTYCH_COROUTINE_UPROBE + 1; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.runtime = 200; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.is_call = 2; }));
  EXPECT_FALSE(is_taken([](Place& place) { place.site.late = 1; })) << "which we find out";
}

bool is_found(const std::function<void(Discovery&)>& spoil) {
  Discovery found = discovery();
  spoil(found);
  return decode_discovery(encode(Result<Discovery>(found)), kFileSize).has_value();
}

TEST(Encoding, ADiscoveryIsNotTakenThatCannotBe) {
  EXPECT_TRUE(is_found([](Discovery&) {}));
  EXPECT_FALSE(is_found([](Discovery& found) { found.places[0].site.function = 3; }));
  EXPECT_FALSE(is_found([](Discovery& found) { found.dear[0].offset = kFileSize; }));
  EXPECT_FALSE(is_found([](Discovery& found) { found.not_understood = kFileSize + 1; }));
  EXPECT_FALSE(is_found([](Discovery& found) { found.python->thread_state_how = 9; }));
  EXPECT_FALSE(is_found([](Discovery& found) { found.loop->file = 1; }));
}

// A count of things that are not there leads to no memory for them.
TEST(Encoding, NoCountIsBelieved) {
  Bytes bytes = encode(examined());
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= bytes.size(); ++at) {
    Bytes spoilt = bytes;
    std::memset(spoilt.data() + at, 0xff, sizeof(std::uint64_t));
    (void)decode_examined(spoilt, kFileSize);
  }
  WireWriter writer;
  writer.flag(true);
  writer.number(std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(decode_discovery(writer.bytes(), kFileSize));
}

}  // namespace
}  // namespace triptych::coroutine::reader
