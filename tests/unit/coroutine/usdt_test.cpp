// SPDX-License-Identifier: Apache-2.0
//
// Which places of a program are probed: files that this test makes, honest ones and others.
#include "coroutine/probes/usdt.hpp"

#include <asm/ptrace.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <triptych/usdt.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <random>
#include <set>
#include <string>

#include "coroutine/probes/mapped_files.hpp"
#include "coroutine/probes/operand.hpp"
#include "support/elf_builder.hpp"
#include "support/memory_file.hpp"

namespace triptych::coroutine::probes {
namespace {

using test::ElfBuilder;
constexpr std::uint64_t kCode = ElfBuilder::kCodeAddress;
constexpr std::uint64_t kOffset = ElfBuilder::kCodeOffset;

Result<ElfFile> open(const std::string& bytes) {
  return ElfFile::open(test::MemoryFile(std::string_view(bytes)).fd());
}

Result<std::vector<Place>> plan(const std::string& bytes) {
  TRIPTYCH_TRY_ASSIGN(const ElfFile file, open(bytes));
  return plan_markers(file);
}

std::string with_notes(const std::string& notes, const std::string& code = "\x90\x90\x90") {
  return ElfBuilder().code(code).section(".note.stapsdt", SHT_NOTE, notes).build();
}

std::string why_not(const std::string& bytes) {
  const auto places = plan(bytes);
  return places ? "" : places.error().message;
}

TEST(Operand, IsARegisterAConstantOrMemory) {
  const auto rdi = parse_operand("8@%rdi");
  ASSERT_TRUE(rdi);
  EXPECT_EQ(rdi->kind, TRIPTYCH_OPERAND_REGISTER);
  EXPECT_EQ(rdi->register_offset, offsetof(pt_regs, rdi));
  EXPECT_EQ(rdi->bytes, 8);
  EXPECT_EQ(rdi->is_signed, 0);
  const auto r9d = parse_operand("-4@%r9d");
  ASSERT_TRUE(r9d);
  EXPECT_EQ(r9d->register_offset, offsetof(pt_regs, r9));
  EXPECT_EQ(r9d->bytes, 4);
  EXPECT_EQ(r9d->is_signed, 1);
  const auto constant = parse_operand("-8@$-17");
  ASSERT_TRUE(constant);
  EXPECT_EQ(constant->kind, TRIPTYCH_OPERAND_CONSTANT);
  EXPECT_EQ(constant->value, -17);
  const auto memory = parse_operand("2@-0x10(%rbp)");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->kind, TRIPTYCH_OPERAND_MEMORY);
  EXPECT_EQ(memory->value, -16);
  EXPECT_EQ(memory->register_offset, offsetof(pt_regs, rbp));
  const auto plain = parse_operand("8@(%rsp)");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->value, 0);
}

TEST(Operand, WhatCannotBeTakenIsNone) {
  for (const char* text : {"",
                           "8",
                           "8@",
                           "@%rdi",
                           "3@%rdi",
                           "16@%xmm0",
                           "8@%xmm0",
                           "8@%",
                           "8@rdi",
                           "8@$",
                           "8@$x",
                           "8@name(%rip)",
                           "8@8(%rax,%rbx,4)",
                           "8@(%eax)",
                           "8@4(%rax",
                           "8@4)",
                           "8@(",
                           "8@()",
                           "99999999999999999999@%rdi",
                           "-9223372036854775808@%rdi",
                           "8@$99999999999999999999"}) {
    EXPECT_FALSE(parse_operand(text)) << text;
  }
}

TEST(Operand, SeveralAreSeparatedByBlanks) {
  EXPECT_EQ(parse_operands("8@%rdi 8@$1")->size(), 2u);
  EXPECT_EQ(parse_operands("  8@%rdi  ")->size(), 1u);
  EXPECT_TRUE(parse_operands("")->empty());
  EXPECT_FALSE(parse_operands("8@%rdi nonsense"));
}

TEST(Markers, OfOursArePlacesToProbe) {
  const std::string notes =
      ElfBuilder::marker("triptych", "coroutine_created", "8@%rdi 8@%rsi", kCode) +
      ElfBuilder::marker("python", "function__entry", "8@%xmm0", kCode) +
      ElfBuilder::marker("triptych", "coroutine_resumed", "8@-8(%rbp)", kCode + 2);
  const auto places = plan(with_notes(notes));
  ASSERT_TRUE(places) << places.error().message;
  ASSERT_EQ(places->size(), 2u);
  EXPECT_EQ((*places)[0].offset, kOffset);
  EXPECT_EQ((*places)[0].site.what, TRIPTYCH_COROUTINE_CREATED);
  EXPECT_EQ((*places)[0].site.source, TRIPTYCH_COROUTINE_USDT);
  EXPECT_EQ((*places)[0].site.address, kCode);
  EXPECT_EQ((*places)[0].site.second.register_offset, offsetof(pt_regs, rsi));
  EXPECT_EQ((*places)[1].offset, kOffset + 2);
  EXPECT_EQ((*places)[1].site.what, TRIPTYCH_COROUTINE_RESUMED);
  EXPECT_EQ((*places)[1].site.id.kind, TRIPTYCH_OPERAND_MEMORY);
  EXPECT_EQ((*places)[1].site.second.kind, TRIPTYCH_OPERAND_NONE);
}

TEST(Markers, MayCountWhoLooksAtThem) {
  const auto places =
      plan(with_notes(ElfBuilder::marker("triptych", "coroutine_resumed", "8@%rdi", kCode,
                                         ElfBuilder::kVariablesAddress + 0x10) +
                      ElfBuilder::marker("triptych", "coroutine_suspended", "8@%rdi", kCode)));
  ASSERT_TRUE(places) << places.error().message;
  ASSERT_EQ(places->size(), 2u);
  EXPECT_EQ((*places)[0].watchers, ElfBuilder::kVariablesOffset + 0x10);
  EXPECT_EQ((*places)[1].watchers, 0u);
}

TEST(Markers, OfOthersMeanWhatATableSays) {
  const MarkerTable table = {{.provider = "bakery",
                              .name = "new",
                              .what = TRIPTYCH_COROUTINE_CREATED,
                              .id = 3,
                              .second = 1}};
  const auto plan_with = [&](const std::string& arguments) -> Result<std::vector<Place>> {
    TRIPTYCH_TRY_ASSIGN(const ElfFile file,
                        open(with_notes(ElfBuilder::marker("bakery", "new", arguments, kCode) +
                                        ElfBuilder::marker("bakery", "old", "8@%xmm0", kCode) +
                                        ElfBuilder::marker("triptych", "coroutine_x", "", kCode))));
    return plan_markers(file, table);
  };
  const auto places = plan_with("8@%rsi 4@%edx 8@%rdi 8@%rax");
  ASSERT_TRUE(places) << places.error().message;
  ASSERT_EQ(places->size(), 1u);
  EXPECT_EQ(places->front().site.id.register_offset, offsetof(pt_regs, rdi));
  EXPECT_EQ(places->front().site.second.register_offset, offsetof(pt_regs, rsi));
  const auto too_few = plan_with("8@%rsi 8@%rdi");
  ASSERT_FALSE(too_few);
  EXPECT_EQ(too_few.error().message,
            "the marker new at 0x401000 cannot be probed: its arguments are not understood: "
            "\"8@%rsi 8@%rdi\"");
}

TEST(Markers, FollowSectionsThatWereMoved) {
  const std::string notes =
      ElfBuilder::marker("triptych", "coroutine_resumed", "8@%rdi", kCode - 0x100, 0, 0x500);
  const auto places = plan(ElfBuilder()
                               .section(".note.stapsdt", SHT_NOTE, notes)
                               .section(".stapsdt.base", SHT_PROGBITS, "x", 0x600)
                               .build());
  ASSERT_TRUE(places) << places.error().message;
  ASSERT_EQ(places->size(), 1u);
  EXPECT_EQ((*places)[0].offset, kOffset);
}

TEST(Markers, OnANopOfFiveBytesAreRefused) {
  const std::string note = ElfBuilder::marker("triptych", "coroutine_resumed", "8@%rdi", kCode);
  for (const std::string& code :
       {std::string("\x0f\x1f\x44\x00\x00", 5), std::string("\x66\x0f\x1f\x40\x00", 5),
        std::string("\x66\x90", 2), std::string("\x55", 1), std::string("\xc3", 1)}) {
    EXPECT_EQ(why_not(with_notes(note, code)),
              "the marker coroutine_resumed at 0x401000 cannot be probed: its instruction is not a "
              "nop of one byte");
  }
}

TEST(Markers, ThatCannotBeUnderstoodAreRefused) {
  const auto refused = [](const std::string& note) { return why_not(with_notes(note)); };
  EXPECT_EQ(refused(ElfBuilder::marker("triptych", "coroutine_resumed", "8@%xmm0", kCode)),
            "the marker coroutine_resumed at 0x401000 cannot be probed: its arguments are not "
            "understood: 8@%xmm0");
  EXPECT_EQ(refused(ElfBuilder::marker("triptych", "coroutine_created", "8@%rdi", kCode)),
            "the marker coroutine_created at 0x401000 cannot be probed: its arguments are not "
            "understood: 8@%rdi");
  EXPECT_EQ(refused(ElfBuilder::marker("triptych", "coroutine_\x1b[2J", "8@%rdi", kCode)),
            "the marker coroutine_\\x1b[2J at 0x401000 cannot be probed: triptych has no such "
            "marker");
  for (const std::uint64_t semaphore :
       {std::uint64_t{0x5000}, kCode, ElfBuilder::kVariablesAddress + 3,
        ElfBuilder::kVariablesAddress + ElfBuilder::kVariablesSize}) {
    EXPECT_EQ(
        refused(ElfBuilder::marker("triptych", "coroutine_resumed", "8@%rdi", kCode, semaphore)),
        "the marker coroutine_resumed at 0x401000 cannot be probed: its semaphore is no variable "
        "of the program");
  }
  EXPECT_EQ(refused(ElfBuilder::marker("triptych", "coroutine_resumed", "8@%rdi", kCode + 3)),
            "the marker coroutine_resumed at 0x401003 cannot be probed: there is no code");
}

TEST(Markers, OfTheCompilerAreUnderstood) {
  const auto mark = [](unsigned long id) {
    triptych_usdt_created(id, "test");
    triptych_usdt_awaits(id, id + 1);
    triptych_usdt_destroyed(id);
  };
  mark(1);
  const auto file = ElfFile::open(UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  ASSERT_TRUE(file) << file.error().message;
  const auto places = plan_markers(*file);
  ASSERT_TRUE(places) << places.error().message;
  for (const int what :
       {TRIPTYCH_COROUTINE_CREATED, TRIPTYCH_COROUTINE_AWAITS, TRIPTYCH_COROUTINE_DESTROYED}) {
    EXPECT_TRUE(std::any_of(places->begin(), places->end(),
                            [&](const Place& place) { return place.site.what == what; }));
  }
}

TEST(ElfFile, WhatIsNoneIsRefused) {
  const auto refused = [](const std::string& bytes) {
    const auto file = open(bytes);
    return file ? "" : file.error().message;
  };
  EXPECT_EQ(refused(""), "not an ELF program");
  EXPECT_EQ(refused("#!/bin/sh\n"), "not an ELF program");
  EXPECT_EQ(refused(std::string(ELFMAG) + std::string(16, 'x')), "not an ELF program");
  std::string other = ElfBuilder().build();
  other[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(refused(other), "not a 64-bit x86 program");
  const auto directory = ElfFile::open(UniqueFd(::open("/", O_RDONLY | O_CLOEXEC)));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message, "not a file");
}

// Wherever it is cut, whatever byte of it is another: an answer, and no place outside of the file.
TEST(ElfFile, DamageHurtsNobody) {
  const std::string notes =
      ElfBuilder::marker("triptych", "coroutine_created", "8@%rdi 8@%rsi", kCode) +
      ElfBuilder::marker("triptych", "coroutine_resumed", "8@-8(%rbp)", kCode + 2);
  const std::string whole = with_notes(notes);
  const auto expect_sane = [](const std::string& bytes) {
    const auto places = plan(bytes);
    if (!places) return;
    for (const Place& place : *places) EXPECT_LT(place.offset, bytes.size());
  };
  for (std::size_t size = 0; size < whole.size(); ++size) expect_sane(whole.substr(0, size));
  std::mt19937 random(1);
  const auto any = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    const bool in_header = any(2) == 0;  // most of the file is padding
    const std::size_t at = in_header ? any(128) : kOffset + any(whole.size() - kOffset);
    damaged[at] = static_cast<char>(any(256));
    expect_sane(damaged);
  }
}

TEST(MappedPrograms, OfSmallAddressesAreFound) {
  EXPECT_EQ(path_of_mapping(7, "00400000-0041f000"), "/proc/7/map_files/400000-41f000");
  EXPECT_EQ(path_of_mapping(7, "7ffc00000000-7ffc00001000"),
            "/proc/7/map_files/7ffc00000000-7ffc00001000");
  EXPECT_EQ(path_of_mapping(7, ""), "/proc/7/map_files/-");
}

TEST(MappedPrograms, AreEachThereOnce) {
  std::vector<std::string> paths;
  for (const MappedFile& mapped : mapped_programs(::getpid())) paths.push_back(mapped.path);
  std::sort(paths.begin(), paths.end());
  EXPECT_EQ(std::adjacent_find(paths.begin(), paths.end()), paths.end());
  const auto has = [&](std::string_view part) {
    return std::any_of(paths.begin(), paths.end(),
                       [&](const std::string& path) { return path.find(part) != path.npos; });
  };
  if (::geteuid() == 0) {
    EXPECT_TRUE(has("coroutine_usdt_test"));
    EXPECT_TRUE(has("libc.so"));
  }
}

TEST(MappedPrograms, AreToldOnceToWhoRemembersThem) {
  std::set<std::string> known;
  const MappedPrograms first = mapped_programs(::getpid(), known);
  EXPECT_EQ(first.files.size(), mapped_programs(::getpid()).size());
  const MappedPrograms again = mapped_programs(::getpid(), known);
  EXPECT_TRUE(again.files.empty());
  EXPECT_EQ(again.known_at.size(), first.known_at.size());
}

TEST(MappedPrograms, OfAProcessThatHasGoneNothingIsKnown) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  std::set<std::string> known;
  const MappedPrograms none = mapped_programs(child, known);
  EXPECT_TRUE(none.files.empty() && none.known_at.empty() && known.empty());
}

// Without root's rights its own mappings can be read of, but not opened: as when it ends meanwhile.
TEST(MappedPrograms, WhatCouldNotBeOpenedIsNotKnown) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can open what is mapped at all";
  const pid_t child = ::fork();
  if (child == 0) {
    std::set<std::string> known;
    if (::setresuid(65534, 65534, 65534) != 0 || ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
      ::_exit(2);
    }
    std::string line;
    std::ifstream maps("/proc/self/maps");
    if (!std::getline(maps, line)) ::_exit(3);
    const MappedPrograms none = mapped_programs(::getpid(), known);
    ::_exit(none.files.empty() && none.known_at.empty() && known.empty() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Mappers, AreThoseWhoAreNotOurs) {
  if (::geteuid() != 0) GTEST_SKIP() << "others' mappings are root's to see";
  struct stat own {};
  ASSERT_EQ(::stat("/proc/self/exe", &own), 0);
  const auto nobody = [](pid_t) { return false; };
  const auto mappers = mappers_of(own, nobody, 100);
  ASSERT_EQ(mappers.size(), 1u);
  EXPECT_EQ(mappers[0].tgid, ::getpid());
  EXPECT_TRUE(mappers_of(
                  own, [](pid_t tgid) { return tgid == ::getpid(); }, 100)
                  .empty());
}

}  // namespace
}  // namespace triptych::coroutine::probes
