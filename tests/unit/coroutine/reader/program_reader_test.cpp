// SPDX-License-Identifier: Apache-2.0
//
// The reader finds what is in a file, as it is found without it, and outlives what is in none.
#include "coroutine/reader/program_reader.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "../python_support.hpp"
#include "coroutine/discover/ucontext.hpp"
#include "coroutine/reader/encoding.hpp"
#include "support/elf_builder.hpp"
#include "support/memory_file.hpp"

namespace triptych::coroutine::reader {
namespace {

using test::ElfBuilder;
using Reader = std::unique_ptr<ProgramReader>;

Reader start_reader() {
  auto reader = ProgramReader::start(nobody());
  return reader ? std::move(*reader) : nullptr;
}

ProgramFile file_of(std::string_view bytes) {
  auto file = as_program_file(test::MemoryFile(bytes).fd());
  return file ? std::move(*file) : ProgramFile();
}

Wanted everything() {
  Wanted wanted;
  wanted.runtimes = {RuntimeId::kCpp, RuntimeId::kTokio, RuntimeId::kBoost, RuntimeId::kUcontext};
  wanted.markers = probes::own_markers();
  wanted.needs = true;
  wanted.traits = true;
  return wanted;
}

std::string libc() {
  const auto file = open_program_file("/lib/x86_64-linux-gnu/libc.so.6");
  std::string bytes(file ? static_cast<std::size_t>(file->size) : 0, '\0');
  if (file && ::pread(file->fd(), bytes.data(), bytes.size(), 0) != ssize_t(bytes.size()))
    return {};
  return bytes;
}

TEST(ProgramFile, IsRegularAndBeginsAsProgramsDo) {
  const auto own = open_program_file("/proc/self/exe");
  ASSERT_TRUE(own);
  EXPECT_TRUE(own->may_be_program);
  const ProgramFile text = file_of("#!/bin/sh");
  EXPECT_EQ(text.size, 9u);
  EXPECT_FALSE(text.may_be_program);
  EXPECT_FALSE(file_of("").may_be_program);
  EXPECT_EQ(open_program_file("/dev/null").error().message, "not a file");
  EXPECT_EQ(open_program_file("/").error().message, "not a file");
  EXPECT_FALSE(open_program_file("/nonexistent"));
}

TEST(ProgramReader, FindsInAFileWhatIsInIt) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  const auto own = open_program_file("/proc/self/exe");
  ASSERT_TRUE(own);
  const auto about = reader->examine(*own, everything());
  ASSERT_TRUE(about) << about.error().message;
  EXPECT_TRUE(about->is_program);
  EXPECT_TRUE(about->traits.has_symbols);
  EXPECT_TRUE(about->traits.allocates_in_cpp);
  EXPECT_FALSE(about->traits.links_recorder);
  EXPECT_GT(about->traits.exported_name_bytes, 0u);
  EXPECT_FALSE(about->needs.names.empty());
  EXPECT_EQ(about->runtimes.size(), 4u);
  ASSERT_TRUE(about->markers);
  EXPECT_TRUE(*about->markers);
}

TEST(ProgramReader, FindsTheSameAsWhoReadsItself) {
  const std::string bytes = libc();
  ASSERT_FALSE(bytes.empty());
  const auto elf = test::open_elf(bytes);
  ASSERT_TRUE(elf);
  const auto expected = discover::discover_ucontext(*elf);
  ASSERT_TRUE(expected);
  ASSERT_FALSE(expected->places.empty());
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  Wanted wanted;
  wanted.runtimes = {RuntimeId::kUcontext};
  const auto about = reader->examine(file_of(bytes), wanted);
  ASSERT_TRUE(about);
  ASSERT_EQ(about->runtimes.size(), 1u);
  EXPECT_EQ(encode(Result<discover::Discovery>(about->runtimes[0].found)),
            encode(Result<discover::Discovery>(*expected)));
}

TEST(ProgramReader, FindsMarkersAndRefusesThem) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  const auto with_marker = [](const std::string& code) {
    const std::string note =
        ElfBuilder::marker("triptych", "coroutine_suspended", "8@%rdi", ElfBuilder::kCodeAddress);
    return file_of(ElfBuilder().code(code).section(".note.stapsdt", SHT_NOTE, note).build());
  };
  const auto found = reader->examine(with_marker("\x90\x90"), everything());
  ASSERT_TRUE(found && found->markers && *found->markers);
  ASSERT_EQ((*found->markers)->size(), 1u);
  EXPECT_EQ((**found->markers)[0].offset, ElfBuilder::kCodeOffset);
  EXPECT_EQ(found->traits.own_markers, 1u);
  const auto refused = reader->examine(with_marker("\xc3\x90"), everything());
  ASSERT_TRUE(refused && refused->markers && !*refused->markers);
  EXPECT_NE((*refused->markers).error().message.find("not a nop of one byte"), std::string::npos);
}

TEST(ProgramReader, FindsAFunctionByItsName) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  const ProgramFile file = file_of(ElfBuilder()
                                       .code(std::string("\x55\x48\x89\xe5\xc3", 5))
                                       .function("_Z6resumeP5fiber", ElfBuilder::kCodeAddress, 5)
                                       .build());
  Wanted wanted;
  wanted.function = "_Z6resumeP5fiber";
  const auto about = reader->examine(file, wanted);
  ASSERT_TRUE(about && about->function);
  ASSERT_EQ(about->function->functions.size(), 1u);
  EXPECT_EQ(about->function->functions[0].name, "resume(fiber*)");
  EXPECT_EQ(about->function->places.size(), 1u);
}

TEST(ProgramReader, IsNotGivenWhatIsNoProgram) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  reader->kill();
  const ProgramFile text = file_of("root:$6$…");
  const auto about = reader->examine(text, everything());
  ASSERT_TRUE(about) << "nobody was asked";
  EXPECT_FALSE(about->is_program);
  const auto part = reader->look_for_python(text, "PyInit__asyncio");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->interpreter.error().message, "not an ELF program");
  const auto module = reader->look_into_module(text, {RuntimeId::kAsyncio, {3, 11, {}}});
  ASSERT_TRUE(module);
  EXPECT_EQ(module->error().message, "not an ELF program");
}

TEST(ProgramReader, OutlivesDamagedFiles) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  const std::string bytes = libc();
  ASSERT_FALSE(bytes.empty());
  int tried = 0, programs = 0;
  test::damage(bytes, [&](const std::string& damaged) {
    if (++tried % 80 != 0) return;  // it is large
    const auto about = reader->examine(file_of(damaged), everything());
    ASSERT_TRUE(about) << about.error().message;
    programs += about->is_program ? 1 : 0;
  });
  EXPECT_GT(programs, 10);
}

TEST(ProgramReader, FindsLandingsInFilesThatItWasGivenOnce) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  // A call, and then what a probe is cheap on.
  const std::string code("\xe8\x00\x00\x00\x00\x55\x5d\xc3", 8);
  const std::uint64_t behind = ElfBuilder::kCodeAddress + 5;
  const ProgramFile file = file_of(ElfBuilder().code(code).build());
  const auto by_address = reader->find_landing(file, {7, RuntimeId::kCpp, false, behind, false});
  ASSERT_TRUE(by_address) << by_address.error().message;
  EXPECT_EQ(by_address->address, behind);
  ASSERT_TRUE(by_address->place);
  EXPECT_EQ(by_address->place->offset, ElfBuilder::kCodeOffset + 5);
  const auto by_offset =
      reader->find_landing(file, {7, RuntimeId::kCpp, true, ElfBuilder::kCodeOffset + 5, false});
  ASSERT_TRUE(by_offset && by_offset->place);
  EXPECT_EQ(by_offset->address, behind);
  const auto no_code = reader->find_landing(file, {7, RuntimeId::kCpp, true, 1, false});
  ASSERT_TRUE(no_code);
  EXPECT_FALSE(no_code->address || no_code->place);
  const auto of_others = reader->find_landing(file, {7, RuntimeId::kBoost, false, behind, false});
  ASSERT_TRUE(of_others);
  EXPECT_FALSE(of_others->place);
}

TEST(ProgramReader, ThatEndedSaysSo) {
  const Reader reader = start_reader();
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->runs());
  reader->kill();
  const auto own = open_program_file("/proc/self/exe");
  ASSERT_TRUE(own);
  const auto about = reader->examine(*own, everything());
  ASSERT_FALSE(about);
  EXPECT_EQ(about.error().message, "its reader ended");
  EXPECT_FALSE(reader->runs());
}

}  // namespace
}  // namespace triptych::coroutine::reader
