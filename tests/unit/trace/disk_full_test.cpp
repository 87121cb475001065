// SPDX-License-Identifier: Apache-2.0
//
// A disk that takes no more ends the recording, not the file. A limit on the file's size stands in
// for the disk: it needs no rights, and cuts writes short in the same way.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <random>

#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::uint64_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    TRIPTYCH_CHECK(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(DiskFullTest, TheFileStaysReadableAndGetsItsEnding) {
  const test::MemoryFile file;
  auto writer = Writer::create(file.fd(), sample_metadata(), 2);
  ASSERT_TRUE(writer);
  std::uint64_t accepted = 0;
  std::uint64_t tried = 0;
  std::optional<Error> error;
  {
    const FileSizeLimit limit(100'000);
    std::mt19937_64 random(1);
    while (tried < 200'000) {
      model::Event event = switch_event(1'000 + tried, static_cast<std::uint32_t>(random()));
      std::get<model::Switch>(event.payload).next = model::TaskId(random());
      if (tried % 3 == 0) event.payload = model::StackOf{.user = model::StackId(random())};
      const auto result = append(*writer, static_cast<std::uint32_t>(tried % 2), event);
      ++tried;
      if (!result) {
        error = result.error();
        break;
      }
      ++accepted;
    }
    ASSERT_TRUE(error);
    EXPECT_EQ(error->message, "cannot write the trace file: File too large");
    // It stays so: later records are counted, and the same error comes again.
    for (int i = 0; i < 5; ++i) {
      const auto result = append(*writer, 0, switch_event(900'000, 5));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error().message, error->message);
      ++tried;
    }
    EXPECT_FALSE(writer->flush(0, 0));
    EXPECT_TRUE(writer->finish(sample_ending()));
  }
  EXPECT_EQ(writer->records(), tried);
  EXPECT_GT(writer->records_lost(), 5u);
  EXPECT_EQ(writer->bytes_written(), file.contents().size());
  EXPECT_LE(file.contents().size(), 100'000u);

  const Contents contents = read_all(file);
  EXPECT_EQ(contents.events.size(), tried - writer->records_lost());
  EXPECT_GT(contents.events.size(), 0u);
  EXPECT_EQ(count_of_stacks(contents.events), writer->records_of_stacks());
  ASSERT_TRUE(contents.ending);
  EXPECT_EQ(nonzero(contents.quality), "lost_on_disk=" + std::to_string(writer->records_lost()));
}

TEST(DiskFullTest, FinishSaysWhenTheRestDoesNotFit) {
  const test::MemoryFile file;
  auto writer = Writer::create(file.fd(), sample_metadata(), 1);
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append(*writer, 0, switch_event(1'000, 5)));
  ASSERT_TRUE(writer->flush(0, 0));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(*writer, 0, switch_event(2'000, 5)));
  {
    const FileSizeLimit limit(writer->bytes_written() + 20);
    const auto result = writer->finish(sample_ending());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "cannot write the trace file: File too large");
  }
  EXPECT_EQ(writer->records_lost(), 10u);
  const Contents contents = read_all(file);
  EXPECT_EQ(contents.events.size(), 1u);
  EXPECT_TRUE(contents.ending);
  EXPECT_EQ(nonzero(contents.quality), "lost_on_disk=10");
}

TEST(DiskFullTest, WithoutRoomForTheBeginningThereIsNoWriter) {
  UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  const auto writer = Writer::create(std::move(full), sample_metadata(), 1);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().message, "cannot write the trace file: No space left on device");
  EXPECT_EQ(writer.error().hint, "make room on the disk, or write to another with -o");
}

}  // namespace
}  // namespace triptych::trace
