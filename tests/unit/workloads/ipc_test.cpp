// SPDX-License-Identifier: Apache-2.0
#include "workloads/ipc/ipc.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <tuple>

#include "cells.hpp"

namespace triptych::workloads::ipc {
namespace {

using testing::HasSubstr;

TEST(IpcMessages, AddUpToWhatIsExpected) {
  std::uint64_t total = 0;
  std::uint64_t message[3];
  for (std::uint64_t number = 0; number < 10; ++number) {
    EXPECT_EQ(expected_sum(number, 3), total);
    fill(message, 3, number);
    total += sum(message, 3);
  }
  EXPECT_EQ(total, 3u * 45);
  EXPECT_EQ(expected_sum(0, 8), 0u);
}

class IpcTest : public testing::TestWithParam<std::tuple<Variant, const char*, const char*>> {};

std::string name_of_case(const testing::TestParamInfo<IpcTest::ParamType>& info) {
  std::string name = test_name(std::get<0>(info.param)) + "_" + std::get<1>(info.param) + "_" +
                     std::get<2>(info.param);
  for (char& letter : name) {
    if (letter == '-') letter = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, IpcTest,
                         testing::Combine(testing::ValuesIn(variants_of("ipc")),
                                          testing::Values("round-trip", "stream"),
                                          testing::Values("64", "4K", "64K")),
                         name_of_case);

std::uint64_t read_number(const char* path) {
  std::uint64_t number = 0;
  std::ifstream(path) >> number;
  return number;
}

// run() adds up what arrives and fails when it is not what was sent.
TEST_P(IpcTest, DeliversEveryMessage) {
  const auto& [variant, pattern, size] = GetParam();
  const auto cell = make_cell("ipc", variant.model, variant.name,
                              {std::string("pattern=") + pattern, std::string("size=") + size});
  const char* limit = nullptr;
  if (variant.name == "posix-queue") limit = "/proc/sys/fs/mqueue/msgsize_max";
  if (variant.name == "sysv-queue") limit = "/proc/sys/kernel/msgmax";
  if (limit != nullptr && size == std::string("64K") && read_number(limit) < 65536 && !cell) {
    EXPECT_THAT(cell.error().message, HasSubstr(limit));
    EXPECT_THAT(cell.error().message, HasSubstr(std::to_string(read_number(limit))));
    return;
  }
  ASSERT_TRUE(cell) << cell.error().message;
  for (const std::uint64_t operations : {0u, 1u, 100u}) {
    const Result<void> done = (*cell)->run(operations);
    EXPECT_TRUE(done) << done.error().message;
  }
}

TEST(Ipc, ChannelsSwitchTwiceForARoundTrip) {
  const auto cell = make_cell("ipc", Model::kCoroutine, "stackless", {});
  ASSERT_TRUE(cell) << cell.error().message;
  ASSERT_TRUE((*cell)->run(10'000));
  EXPECT_EQ((*cell)->coroutine_switches(), 20'001u);
}

// Sixteen messages fit: the sender goes to sleep once for each sixteen.
TEST(Ipc, AFullChannelMakesTheSenderWait) {
  const auto cell = make_cell("ipc", Model::kCoroutine, "stackless", {"pattern=stream"});
  ASSERT_TRUE(cell) << cell.error().message;
  ASSERT_TRUE((*cell)->run(160));
  EXPECT_EQ((*cell)->coroutine_switches(), 20u);
}

}  // namespace
}  // namespace triptych::workloads::ipc
