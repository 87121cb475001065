// SPDX-License-Identifier: Apache-2.0
//
// Where C++20 coroutines are found: in code and names made to measure, in this very program, and in
// damaged copies of it.
#include <asm/ptrace.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <random>
#include <string>
#include <string_view>

#include "coroutine/discover/cpp.hpp"
#include "coroutine/discover/cpp_names.hpp"
#include "coroutine/discover/demangle.hpp"
#include "coroutine/discover/named_function.hpp"
#include "coroutine/discover/places.hpp"
#include "coroutine/discover/symbols.hpp"
#include "support/memory_file.hpp"
#include "support/sanitizers.hpp"

namespace triptych::coroutine::discover {
namespace {

template <std::size_t N>
std::span<const std::byte> code(const char (&text)[N]) {
  return std::as_bytes(std::span(text, N - 1));
}

TEST(EntryPlace, IsTheFirstCheapInstruction) {
  // endbr64; push %rbp
  const auto behind_endbr = entry_place(code("\xf3\x0f\x1e\xfa\x55\xc3"), 0x1000);
  ASSERT_TRUE(behind_endbr);
  EXPECT_EQ(behind_endbr->address, 0x1004u);
  EXPECT_EQ(behind_endbr->sp_added, 0);
  EXPECT_EQ(behind_endbr->cost, ProbeCost::kEmulated);
  // sub $0x18,%rsp; cmpb $0,0x20(%rdi); je
  const auto behind_sub =
      entry_place(code("\x48\x83\xec\x18\x80\x7f\x20\x00\x74\x02\x90\x90\xc3"), 0x1000);
  ASSERT_TRUE(behind_sub);
  EXPECT_EQ(behind_sub->address, 0x1008u);
  EXPECT_EQ(behind_sub->sp_added, 0x18);
}

TEST(EntryPlace, StaysWhereTheArgumentIsStillThere) {
  // mov %rax,%rdi; push %rbp
  const auto overwritten = entry_place(code("\x48\x89\xc7\x55\xc3"), 0x1000);
  ASSERT_TRUE(overwritten);
  EXPECT_EQ(overwritten->address, 0x1000u);
  EXPECT_EQ(overwritten->cost, ProbeCost::kStepped);
  // xor %eax,%eax; nop; jmp to the nop: it is passed more than once
  const auto looped = entry_place(code("\x31\xc0\x90\xeb\xfd"), 0x1000);
  ASSERT_TRUE(looped);
  EXPECT_EQ(looped->address, 0x1000u);
  // A nop of five bytes is no place at all, and what is behind it is.
  EXPECT_FALSE(entry_place(code("\x0f\x1f\x44\x00\x00\xc3"), 0x1000));
  EXPECT_EQ(entry_place(code("\x0f\x1f\x44\x00\x00\x55\xc3"), 0x1000)->address, 0x1005u);
  EXPECT_FALSE(entry_place({}, 0x1000));
  // sub $0x38,%rsp; mov %rdi,0x10(%rsp); lea 0x10(%rsp),%rdi; push $1; call
  const auto kept_code =
      code("\x48\x83\xec\x38\x48\x89\x7c\x24\x10\x48\x8d\x7c\x24\x10\x6a\x01\xe8\x00\x00\x00\x00");
  EXPECT_EQ(entry_place(kept_code, 0x1000)->cost, ProbeCost::kStepped) << "it has no argument";
  const auto kept = entry_place(kept_code, 0x1000, true);
  EXPECT_EQ(kept->address, 0x1010u);
  EXPECT_EQ(kept->sp_added, 0x40);
  EXPECT_EQ(kept->kept_at, 0x18);
  EXPECT_FALSE(entry_place(code("\x48\x89\x7c\x24\x10\x55"), 0x1000, true)->kept_at);
}

TEST(EntryPlace, IsWhereAWordHasBeenLoadedIfThatIsNoDearer) {
  // push %r12; push %rbx; movzwl 0x4c(%rdi),%eax; mov %rdi,%rbx; test $1,%al; je
  const auto loads =
      code("\x41\x54\x53\x0f\xb7\x47\x4c\x48\x89\xfb\xa8\x01\x74\x02\xc3\x90\x90\xc3");
  const auto place = entry_place(loads, 0x1000, false, std::uint16_t{0x4c});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->address, 0x100cu);
  EXPECT_EQ(place->sp_added, 16);
  EXPECT_EQ(place->cost, ProbeCost::kEmulated);
  EXPECT_TRUE(place->word_in_rax);
  // Nobody asks for it, or for another one.
  for (const std::optional<std::uint16_t> other : {std::optional<std::uint16_t>{}, {0x4e}}) {
    const auto first = entry_place(loads, 0x1000, false, other);
    EXPECT_EQ(first->address, 0x1000u);
    EXPECT_EQ(first->sp_added, 0);
    EXPECT_FALSE(first->word_in_rax);
  }
  const auto stays = [](std::span<const std::byte> bytes) {
    const auto found = entry_place(bytes, 0x1000, false, std::uint16_t{0x4c});
    return found && found->address == 0x1000 && !found->word_in_rax;
  };
  // push %rbx; movzwl 0x4c(%rdi),%eax; xor %eax,%eax; je: it is there no longer
  EXPECT_TRUE(stays(code("\x53\x0f\xb7\x47\x4c\x31\xc0\x74\x01\xc3\xc3")));
  // push %rbx; mov %rbx,%rdi; movzwl 0x4c(%rdi),%eax; je: of somebody else
  EXPECT_TRUE(stays(code("\x53\x48\x89\xdf\x0f\xb7\x47\x4c\x74\x01\xc3\xc3")));
  // push %rbx; movzwl 0x4c(%rdi),%ecx; je: in another register
  EXPECT_TRUE(stays(code("\x53\x0f\xb7\x4f\x4c\x74\x01\xc3\xc3")));
  // push %rbx; movzwl 0x4c(%rdi),%eax; call; je: behind a call nothing is as it was
  EXPECT_TRUE(stays(code("\x53\x0f\xb7\x47\x4c\xff\xd0\x74\x01\xc3\xc3")));
  // push %rbx; je; movzwl 0x4c(%rdi),%eax; je: it is not always passed
  EXPECT_TRUE(stays(code("\x53\x74\x06\x0f\xb7\x47\x4c\x74\x00\xc3\xc3")));
  // push %rbx; movzwl 0x4c(%rdi),%eax; test $1,%al; je to itself: it is passed more than once
  EXPECT_TRUE(stays(code("\x53\x0f\xb7\x47\x4c\xa8\x01\x74\xfe\xc3")));
  // movzwl 0x4c(%rdi),%eax; je
  EXPECT_TRUE(
      entry_place(code("\x0f\xb7\x47\x4c\x74\x01\xc3\xc3"), 0x1000, false, std::uint16_t{0x4c})
          ->word_in_rax);
}

TEST(LandingPlace, IsBeforeAnythingElseIsCalled) {
  // add $8,%rsp; test %al,%al; je
  EXPECT_EQ(landing_place(code("\x48\x83\xc4\x08\x84\xc0\x74\x01"), 0x1000).address, 0x1006u);
  // call *%rax; nop
  const Landing called = landing_place(code("\xff\xd0\x90"), 0x1000);
  EXPECT_FALSE(called.address);
  EXPECT_FALSE(called.returns);
  // leave; ret
  EXPECT_EQ(landing_place(code("\xff\xd0\x90"), 0x1000, true).address, 0x1002u);

  const Landing returned = landing_place(code("\xc9\xc3\x90"), 0x1000);
  EXPECT_FALSE(returned.address);
  EXPECT_TRUE(returned.returns);
}

TEST(Names, OfGccAreThoseOfTheFunction) {
  EXPECT_EQ(gcc_function_name("_Z4iotaPZ4iotaiE14_Z4iotai.Frame"), "_Z4iotai");
  EXPECT_EQ(gcc_function_name("_Z4iotaPZ4iotaiE15_Z4iotai.Frame"),
            "_Z4iotaPZ4iotaiE15_Z4iotai.Frame");
  EXPECT_EQ(gcc_function_name(""), "");
}

TEST(Names, MakeACoroutineOfItsParts) {
  CppNames names;
  names.add({"_Z1fi.resume", 0x1000, 10});
  names.add({"_Z1fi.cleanup", 0x2000, 10});
  names.add({"_Z1fi.destroy", 0x3000, 10});
  names.add({"_Z1fi.resume.cold", 0x4000, 10});
  names.add({"_Z1gPZ1gvE10_Z1gv.Frame.actor", 0x5000, 10});  // without what destroys it
  names.add({"something.destroy", 0x6000, 10});
  const auto found = names.coroutines();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "_Z1fi");
  EXPECT_EQ(found[0].resume.address, 0x1000u);
  EXPECT_EQ(found[0].destroys.size(), 2u);
  EXPECT_EQ(found[0].cold.size(), 1u);
  EXPECT_FALSE(found[0].by_gcc);
}

TEST(Demangled, IsWhatPeopleWrite) {
  EXPECT_EQ(demangled("_Z4iotai"), "iota(int)");
  EXPECT_EQ(demangled("_ZN1a1bIiE1cEv"), "a::b<int>::c()");
  const std::string is_long = "_Z" + std::string(5000, '1'), is_none = "_Z" + std::string(900, 'P');
  for (const std::string& as_it_is : {std::string("no name"), std::string(), is_long, is_none}) {
    EXPECT_EQ(demangled(as_it_is), as_it_is);
  }
}

struct Sequence {
  struct promise_type {
    int value = 0;
    Sequence get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always yield_value(int next) {
      value = next;
      return {};
    }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

}  // namespace

// It is looked for in this program.
[[gnu::noinline]] Sequence counts_to(int last) {
  for (int i = 0; i <= last; ++i) co_yield i;
}

namespace {

[[gnu::noinline]] int sum_of(Sequence sequence) {
  int sum = 0;
  for (sequence.handle.resume(); !sequence.handle.done(); sequence.handle.resume()) {
    sum += sequence.handle.promise().value;
  }
  sequence.handle.destroy();
  return sum;
}

Result<probes::ElfFile> this_program() {
  return probes::ElfFile::open(UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
}

TEST(Discovery, FindsTheCoroutinesOfAProgram) {
  ASSERT_EQ(sum_of(counts_to(4)), 10);
  const auto file = this_program();
  ASSERT_TRUE(file);
  const auto found = discover_cpp(*file);
  ASSERT_TRUE(found);
  const auto function =
      std::find_if(found->functions.begin(), found->functions.end(), [](const Function& each) {
        return each.name == "triptych::coroutine::discover::counts_to(int)";
      });
  ASSERT_NE(function, found->functions.end());
  const auto number = static_cast<std::uint32_t>(function - found->functions.begin() + 1);
  const auto of_kind = [&](std::uint8_t kind, std::uint32_t of) {
    const auto all = [&](const auto& places) {
      return std::count_if(places.begin(), places.end(), [&](const probes::Place& each) {
        return each.site.kind == kind && each.site.function == of;
      });
    };
    return all(found->places) + all(found->dear);
  };
  EXPECT_EQ(of_kind(TRIPTYCH_CPP_RESUME, number), 1);
  // A sanitizer looks at the frame between the call and the place where it lands: those are learnt
  // while recording.
  if (!test::kAddressSanitizer) {
    EXPECT_GT(of_kind(TRIPTYCH_CPP_LANDING, 0), 0);
    EXPECT_GT(found->returns.size(), 0u);
  }
  EXPECT_EQ(found->not_understood, 0u);
  for (const probes::Place& each : found->places) {
    EXPECT_EQ(each.site.source, TRIPTYCH_COROUTINE_UPROBE);
    EXPECT_EQ(each.site.runtime, TRIPTYCH_COROUTINE_RUNTIME_CPP);
    const auto instruction = decode(file->code(each.site.address, 15));
    ASSERT_TRUE(instruction);
    EXPECT_EQ(probe_cost(*instruction), ProbeCost::kEmulated);
  }
}

extern "C" __attribute__((noinline)) void discover_test_enter(std::uint64_t* fiber) {
  *fiber += 1;
}

TEST(Discovery, FindsAFunctionByItsName) {
  std::uint64_t fiber = 0;
  discover_test_enter(&fiber);
  const auto file = probes::ElfFile::open(UniqueFd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
  ASSERT_TRUE(file) << file.error().message;
  const auto found = discover_function(*file, "discover_test_enter");
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->functions.size(), 1u);
  EXPECT_EQ(found->functions.front().name, "discover_test_enter");
  ASSERT_EQ(found->places.size() + found->dear.size(), 1u);
  const auto& site = (found->places.empty() ? found->dear : found->places).front().site;
  EXPECT_EQ(site.what, TRIPTYCH_COROUTINE_RESUMED);
  EXPECT_EQ(site.runtime, TRIPTYCH_COROUTINE_RUNTIME_FUNCTION);
  EXPECT_EQ(site.function, 1u);
  EXPECT_EQ(site.id.register_offset, offsetof(pt_regs, rdi));
  const auto none = discover_function(*file, "discover_test_leave");
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_TRUE(none->functions.empty() && none->places.empty() && none->dear.empty());
}

TEST(Discovery, KnowsWhoTellsHimself) {
  const auto file = this_program();
  ASSERT_TRUE(file);
  EXPECT_FALSE(links_recorder(*file));
}

TEST(Discovery, SurvivesDamage) {
  const auto file = this_program();
  ASSERT_TRUE(file);
  const int fd = file->fd();
  const auto size = ::lseek(fd, 0, SEEK_END);
  const auto whole = file->read(0, static_cast<std::uint64_t>(size));
  ASSERT_TRUE(whole);
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    std::vector<std::byte> damaged = *whole;
    for (int i = 0; i < 200; ++i) {
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
      damaged[random() % 4096] = static_cast<std::byte>(round < 10 ? 0 : random());
    }
    damaged.resize(damaged.size() - random() % (damaged.size() / 2));
    const auto copy = probes::ElfFile::open(test::MemoryFile(std::span(damaged)).fd());
    if (!copy) continue;
    const auto found = discover_cpp(*copy);
    if (!found) continue;
    for (const probes::Place& each : found->places) ASSERT_LT(each.offset, damaged.size());
  }
}

}  // namespace
}  // namespace triptych::coroutine::discover
