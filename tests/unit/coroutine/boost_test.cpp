// SPDX-License-Identifier: Apache-2.0
//
// Where Boost's contexts are switched: in the system's libraries, and in what may be left of them.
#include "coroutine/discover/boost.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "python_support.hpp"
#include "support/elf_builder.hpp"

namespace triptych::coroutine::discover {
namespace {

using test::open_elf;

std::string library(const char* name) {
  return test::bytes_of_first(("/usr/lib/x86_64-linux-gnu/libboost_" + std::string(name)).c_str());
}

TEST(Boost, TellsWhatItKeepsOnAStack) {
  const std::string bytes = library("context.so");
  if (bytes.empty()) GTEST_SKIP() << "no Boost.Context in /usr";
  const auto plan = discover_boost(*open_elf(bytes));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_TRUE(plan->places.empty()) << "it calls nothing of its own";
  ASSERT_TRUE(plan->contexts);
  EXPECT_EQ(plan->contexts->jump, 0x38);
  EXPECT_EQ(plan->contexts->ontop, 0x38);
  EXPECT_EQ(plan->contexts->make, 0x40);
}

TEST(Boost, TellsWhereTheSchedulerOfFibersSwitches) {
  const std::string bytes = library("fiber.so");
  if (bytes.empty()) GTEST_SKIP() << "no Boost.Fiber in /usr";
  const auto plan = discover_boost(*open_elf(bytes));
  ASSERT_TRUE(plan) << plan.error().message;
  std::map<int, int> kinds;
  for (const probes::Place& place : plan->places) {
    ++kinds[place.site.kind];
    EXPECT_EQ(static_cast<unsigned char>(bytes[place.offset]), 0xe8) << "a call";
    EXPECT_EQ(place.site.is_call, 1);
    EXPECT_EQ(place.site.runtime, TRIPTYCH_COROUTINE_RUNTIME_BOOST);
  }
  EXPECT_EQ(kinds[TRIPTYCH_CONTEXT_MAKE], 0) << "it makes only what chooses the next fiber";
  EXPECT_EQ(kinds[TRIPTYCH_CONTEXT_MAKE_LOOP], 1);
  EXPECT_GT(kinds[TRIPTYCH_CONTEXT_JUMP], 0);
  EXPECT_GT(kinds[TRIPTYCH_CONTEXT_ONTOP], 10);
  EXPECT_TRUE(plan->dear.empty());
}

TEST(Boost, DamagedHurtsNobody) {
  const std::string bytes = library("fiber.so");
  if (bytes.empty()) GTEST_SKIP() << "no Boost.Fiber in /usr";
  std::size_t planned = 0;
  int tried = 0;
  test::damage(bytes, [&](const std::string& damaged) {
    if (++tried % 4 != 0) return;
    const auto file = open_elf(damaged);
    if (!file) return;
    const auto plan = discover_boost(*file);
    if (!plan) return;
    ++planned;
    for (const probes::Place& place : plan->places) EXPECT_LT(place.offset, damaged.size());
  });
  EXPECT_GT(planned, 100u) << "or it is not the planning that was tried";
}

TEST(Boost, OneThatIsBuiltInAnotherWayIsToldOf) {
  // jump_fcontext, exported, but its code is another one.
  const Elf64_Sym symbols[] = {{},
                               {.st_name = 1,
                                .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                                .st_other = 0,
                                .st_shndx = 1,
                                .st_value = test::ElfBuilder::kCodeAddress,
                                .st_size = 16}};
  test::ElfBuilder elf;
  elf.code(std::string(16, '\x90'));
  elf.section(".text", SHT_PROGBITS, std::string(16, '\x90'), test::ElfBuilder::kCodeAddress);
  const std::string names("\0jump_fcontext\0", 15);
  elf.linked_section(".dynsym", SHT_DYNSYM,
                     std::string(reinterpret_cast<const char*>(symbols), sizeof symbols), ".dynstr",
                     names);
  const auto plan = discover_boost(*open_elf(elf.build()));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->not_known, "its Boost.Context is built in a way that is not known");
}

TEST(Boost, AnotherProgramHasNone) {
  const auto plan = discover_boost(*open_elf(test::ElfBuilder().build()));
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->places.empty());
  EXPECT_FALSE(plan->contexts);
  EXPECT_EQ(plan->not_known, "");
}

TEST(Boost, AContextIsCalledByWhatItRuns) {
  const std::string head =
      "void boost::context::detail::fiber_entry<boost::context::detail::fiber_record<"
      "boost::context::fiber, "
      "boost::context::basic_fixedsize_stack<boost::context::stack_traits>, ";
  const std::string tail = "> >(boost::context::detail::transfer_t)";
  EXPECT_EQ(callable_of_boost_entry(head + "Worker" + tail), "Worker");
  EXPECT_EQ(callable_of_boost_entry(head + "main::{lambda(boost::context::fiber&&)#1}" + tail),
            "main::{lambda(boost::context::fiber&&)#1}");
  EXPECT_EQ(callable_of_boost_entry(
                head +
                "std::_Bind<boost::context::fiber (boost::fibers::worker_context<ns::Run<int, 3>, "
                "int>::*(boost::fibers::worker_context<ns::Run<int, 3>, int>*, "
                "std::_Placeholder<1>))(boost::context::fiber&&)>" +
                tail),
            "ns::Run<int, 3>");
  EXPECT_EQ(callable_of_boost_entry(
                head +
                "boost::coroutines2::detail::pull_coroutine<int>::control_block::control_block<"
                "boost::context::basic_fixedsize_stack<boost::context::stack_traits>, Pulled>"
                "(boost::context::preallocated, Pulled&&)::{lambda(boost::context::fiber&&)#1}" +
                tail),
            "Pulled");
  for (const char* odd :
       {"", "fiber_record<", "fiber_record<a, b", "fiber_record<a, b>(", "main"}) {
    EXPECT_EQ(callable_of_boost_entry(odd), odd);
  }
}

}  // namespace
}  // namespace triptych::coroutine::discover
