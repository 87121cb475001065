// SPDX-License-Identifier: Apache-2.0
#include "coroutine/probes/marker_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "abi/coroutines.h"

namespace triptych::coroutine::probes {
namespace {

TEST(MarkerTable, HasAMarkerALine) {
  const auto table = parse_marker_table(
      "# of the bakery\n"
      "\n"
      "created bakery:loaf_new id=2 name=1\r\n"
      "\tresumed   bakery:loaf:in id=12 # to the oven\n"
      "awaits other:waits other=3 id=1");
  ASSERT_TRUE(table) << table.error().message;
  ASSERT_EQ(table->size(), 3u);
  const MarkerMeaning& created = (*table)[0];
  EXPECT_EQ(created.provider, "bakery");
  EXPECT_EQ(created.name, "loaf_new");
  EXPECT_EQ(created.what, TRIPTYCH_COROUTINE_CREATED);
  EXPECT_EQ(created.id, 2u);
  EXPECT_EQ(created.second, 1u);
  EXPECT_EQ(created.arguments, 0u);
  EXPECT_EQ((*table)[1].name, "loaf:in");
  EXPECT_EQ((*table)[1].id, 12u);
  EXPECT_EQ((*table)[1].second, 0u);
  EXPECT_EQ((*table)[2].what, TRIPTYCH_COROUTINE_AWAITS);
  EXPECT_EQ((*table)[2].second, 3u);
}

std::string refusal_of(const std::string& text) {
  const auto table = parse_marker_table(text);
  return table ? "" : table.error().message;
}

TEST(MarkerTable, WhatIsNotUnderstoodIsRefused) {
  EXPECT_EQ(refusal_of(""), "it describes no marker");
  EXPECT_EQ(refusal_of("# nothing\n\n"), "it describes no marker");
  EXPECT_EQ(refusal_of("resumed a:b id=1\nran a:c id=1"),
            "line 2: what it tells is one of created, resumed, suspended, finished, destroyed and "
            "awaits");
  for (const char* line : {"resumed", "resumed ab id=1", "resumed :b id=1", "resumed a: id=1"}) {
    EXPECT_EQ(refusal_of(line), "line 1: there is no PROVIDER:MARKER") << line;
  }
  for (const char* rest : {"id=0", "id=13", "id=1x", "id=", "id", "id=-1", "name=1", "id=1 id=1",
                           "id=1 2", "id=99999999999999999999"}) {
    EXPECT_EQ(refusal_of(std::string("resumed a:b ") + rest),
              "line 1: behind the marker there is id=1 to 12, and nothing else")
        << rest;
  }
  EXPECT_EQ(refusal_of("created a:b id=1 other=2"),
            "line 1: behind the marker there are id=1 to 12 and name=1 to 12, each once");
  EXPECT_EQ(refusal_of("resumed a:b"), "line 1: which argument is the id is not told");
  EXPECT_EQ(refusal_of("awaits a:b id=1"), "line 1: which argument is the other's id is not told");
  EXPECT_EQ(refusal_of("resumed a:b id=1\nsuspended a:b id=1"),
            "line 2: this marker was described before");
}

TEST(MarkerTable, OfOurOwnHasWhatTheHeaderMakes) {
  ASSERT_EQ(own_markers().size(), 6u);
  for (const MarkerMeaning& each : own_markers()) EXPECT_EQ(each.provider, "triptych");
  EXPECT_EQ(own_markers().front().name, "coroutine_created");
  EXPECT_EQ(own_markers().front().second, 2u);
}

}  // namespace
}  // namespace triptych::coroutine::probes
