// SPDX-License-Identifier: Apache-2.0
//
// The files of the system's own Python.
#include "coroutine/reader/python_files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/temporary_directory.hpp"

namespace triptych::coroutine::reader {
namespace {

constexpr const char* kPython = "/usr/bin/python3";

class PythonFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::access(kPython, X_OK) != 0) GTEST_SKIP() << "there is no " << kPython;
    auto reader = ProgramReader::start(nobody());
    ASSERT_TRUE(reader);
    reader_ = std::move(*reader);
  }
  std::unique_ptr<ProgramReader> reader_;
};

TEST_F(PythonFilesTest, AreTheInterpreterAndItsModule) {
  const auto itself = python_files_of(*reader_, kPython, "", kInterpreterItself);
  ASSERT_TRUE(itself) << itself.error().message;
  EXPECT_EQ(itself->interpreter.major, 3);
  EXPECT_GE(itself->interpreter.minor, 10);
  const auto asyncio = python_files_of(*reader_, kPython, "", kAsyncioModule);
  if (!asyncio) GTEST_SKIP() << asyncio.error().message;  // it may be built in
  EXPECT_NE(asyncio->module_path.find("/lib-dynload/_asyncio."), std::string::npos);
  EXPECT_EQ(asyncio->interpreter.minor, itself->interpreter.minor);
  const auto found =
      reader_->look_into_module(asyncio->module, {RuntimeId::kAsyncio, asyncio->interpreter});
  ASSERT_TRUE(found && *found);
  EXPECT_FALSE((*found)->places.empty());
}

TEST_F(PythonFilesTest, OfAScriptAreThoseOfItsFirstLine) {
  const test::TemporaryDirectory directory;
  const std::string script = directory.path() + "/script";
  for (const char* line : {"#!/usr/bin/python3 -u\n", "#!/usr/bin/env python3\n"}) {
    std::ofstream(script) << line;
    EXPECT_TRUE(python_files_of(*reader_, script, "/nowhere:/usr/bin", kInterpreterItself));
  }
  std::ofstream(script) << "#!/bin/sh\n";
  const auto shell = python_files_of(*reader_, script, "", kInterpreterItself);
  ASSERT_FALSE(shell);
  EXPECT_EQ(shell.error().message, "it is no Python");
}

TEST_F(PythonFilesTest, AreNotKnownWithoutAReader) {
  reader_->kill();
  const auto files = python_files_of(*reader_, kPython, "", kInterpreterItself);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message, "its reader ended");
}

}  // namespace
}  // namespace triptych::coroutine::reader
