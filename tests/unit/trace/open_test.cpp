// SPDX-License-Identifier: Apache-2.0
//
// What is not a trace is refused with a message that helps.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "abi/events.h"
#include "trace/format.hpp"
#include "trace/source.hpp"
#include "trace_testing.hpp"

namespace triptych::trace {
namespace {

class OpenTest : public testing::Test {
 protected:
  OpenTest() : directory_(testing::TempDir() + "triptych-open-XXXXXX") {
    TRIPTYCH_CHECK(::mkdtemp(directory_.data()) != nullptr);
  }
  ~OpenTest() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path(const std::string& name) const { return directory_ + "/" + name; }

  [[nodiscard]] Error error_of(const std::string& bytes) const {
    std::ofstream(path("f.tpt"), std::ios::binary | std::ios::trunc) << bytes;
    const auto source = open_source(path("f.tpt"));
    return source ? Error{ErrorCode::kFailed, "opened", ""} : source.error();
  }

  std::string directory_;
};

std::string bytes_of(const FileHeader& header) {
  return {reinterpret_cast<const char*>(&header), sizeof header};
}

TEST_F(OpenTest, MissingFile) {
  const auto source = open_source(path("none.tpt"));
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message,
            "cannot open " + path("none.tpt") + ": No such file or directory");
  EXPECT_EQ(source.error().hint, "record one with: triptych record -o FILE -- COMMAND");
  EXPECT_EQ(source.error().code, ErrorCode::kUsage);
}

TEST_F(OpenTest, Directory) {
  const auto source = open_source(directory_);
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, directory_ + " is a directory, not a trace");
}

TEST_F(OpenTest, OtherFiles) {
  const std::string name = path("f.tpt");
  EXPECT_EQ(error_of("").message, name + " is empty");
  EXPECT_EQ(error_of("PERFILE2\x68").message, name + " is a perf.data file, not a triptych trace");
  EXPECT_EQ(error_of("PERFILE2\x68").hint, "perf reads it: perf report -i FILE");
  EXPECT_EQ(error_of("\x7f"
                     "ELF")
                .message,
            name + " is not a triptych trace");
  EXPECT_EQ(error_of("\x89"
                     "TP")
                .message,
            name + " ends before its header does");
  EXPECT_EQ(error_of("\x89"
                     "TP")
                .code,
            ErrorCode::kUsage);
}

TEST_F(OpenTest, LaterVersionsAreNamed) {
  FileHeader header = make_file_header(1);
  header.format_major = 2;
  header.format_minor = 5;
  header.crc = crc_of(std::as_bytes(std::span(&header, 1)).first(offsetof(FileHeader, crc)));
  const Error error = error_of(bytes_of(header));
  EXPECT_EQ(error.message,
            fmt::format("{} has trace format 2.5 with records {}.{}; this triptych reads format "
                        "1.x with records {}.x",
                        path("f.tpt"), TRIPTYCH_ABI_MAJOR, TRIPTYCH_ABI_MINOR, TRIPTYCH_ABI_MAJOR));
  EXPECT_EQ(error.hint, "use the version of triptych that recorded it, or a later one");
}

TEST_F(OpenTest, LaterMinorVersionsAreRead) {
  FileHeader header = make_file_header(1);
  header.format_minor = 9;
  header.crc = crc_of(std::as_bytes(std::span(&header, 1)).first(offsetof(FileHeader, crc)));
  EXPECT_EQ(error_of(bytes_of(header)).message, "opened");
}

TEST_F(OpenTest, TraceFilesAndTextTracesByTheirFirstBytes) {
  EXPECT_EQ(error_of(bytes_of(make_file_header(1))).message, "opened");
  EXPECT_EQ(error_of("# triptych text trace 1\n").message, "opened");
}

TEST_F(OpenTest, ATraceFileInAPipeIsExplained) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  UniqueFd in(fds[0]);
  UniqueFd out(fds[1]);
  const std::string bytes = bytes_of(make_file_header(1));
  ASSERT_EQ(::write(out.get(), bytes.data(), bytes.size()), 64);
  out.reset();
  const auto source = open_source_fd(std::move(in), "standard input");
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().message, "standard input is not a text trace");
  EXPECT_NE(source.error().hint.find("only by its name"), std::string::npos);
}

}  // namespace
}  // namespace triptych::trace
