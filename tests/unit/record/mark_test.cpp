// SPDX-License-Identifier: Apache-2.0
//
// The installed header carries its own copy of the calling convention; here it is held to the
// ABI's.
#include <triptych/mark.h>

namespace {
constexpr unsigned long long kMagic = TRIPTYCH_MARK_MAGIC;
constexpr int kTypes[] = {TRIPTYCH_MARK_BEGIN, TRIPTYCH_MARK_END, TRIPTYCH_MARK_POINT,
                          TRIPTYCH_MARK_FOR_PARENT};
constexpr int kNameMax = TRIPTYCH_MARK_NAME_MAX;
}  // namespace

#undef TRIPTYCH_MARK_MAGIC
#undef TRIPTYCH_MARK_BEGIN
#undef TRIPTYCH_MARK_END
#undef TRIPTYCH_MARK_POINT
#undef TRIPTYCH_MARK_FOR_PARENT
#include <gtest/gtest.h>
#include <pthread.h>

#include "abi/events.h"

static_assert(kMagic == TRIPTYCH_MARK_MAGIC);
static_assert(kTypes[0] == TRIPTYCH_MARK_BEGIN);
static_assert(kTypes[1] == TRIPTYCH_MARK_END);
static_assert(kTypes[2] == TRIPTYCH_MARK_POINT);
static_assert(kTypes[3] == TRIPTYCH_MARK_FOR_PARENT);
static_assert(kNameMax + 1 == TRIPTYCH_MARK_LEN);

extern "C" int mark_in_c(void);

namespace {

TEST(Mark, LeavesTheNameOfTheThreadAlone) {
  char before[16];
  ASSERT_EQ(pthread_getname_np(pthread_self(), before, sizeof(before)), 0);
  EXPECT_EQ(triptych_mark_begin("phase"), 0);
  EXPECT_EQ(triptych_mark_end("a name that is much longer than the forty-seven bytes that count"),
            0);
  EXPECT_EQ(triptych_mark_point(""), 0);
  EXPECT_EQ(mark_in_c(), 0);
  char after[16];
  ASSERT_EQ(pthread_getname_np(pthread_self(), after, sizeof(after)), 0);
  EXPECT_STREQ(before, after);
}

}  // namespace
